import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { describe, expect, it } from 'vitest'
import { encodeOtlpError, encodeOtlpSuccess } from './encode-otlp-response.ts'
import { int, nested, text } from './fixtures/protobuf-writer.ts'

describe('success', () => {
  it('is an empty message', () => {
    expect(encodeOtlpSuccess('json', { rejectedPoints: 0 })).toBe('{}')
    expect(encodeOtlpSuccess('protobuf', { rejectedPoints: 0 })).toEqual(new Uint8Array(0))
  })

  it('is partial with a count that JSON writes as a string', () => {
    expect(encodeOtlpSuccess('json', { rejectedPoints: 3, message: 'why' })).toBe(
      '{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"why"}}',
    )
  })

  it.each([[3], [0], [2 ** 40]])(
    'with %j rejected is read by an exporter of OpenTelemetry',
    (rejectedPoints) => {
      const outcome = { rejectedPoints, message: 'häfen 😀' }
      const protobuf = encodeOtlpSuccess('protobuf', outcome) as Uint8Array
      expect(ProtobufMetricsSerializer.deserializeResponse(protobuf).partialSuccess).toMatchObject({
        errorMessage: outcome.message,
        ...(rejectedPoints > 0 && { rejectedDataPoints: rejectedPoints }),
      })
      const json = new TextEncoder().encode(encodeOtlpSuccess('json', outcome) as string)
      expect(JsonMetricsSerializer.deserializeResponse(json)).toEqual({
        partialSuccess: { rejectedDataPoints: String(rejectedPoints), errorMessage: outcome.message },
      })
    },
  )
})

describe('an error', () => {
  const badRequest = { field: 'body', description: 'cut off' }

  it('is a google.rpc.Status with the detail that a bad body asks for', () => {
    expect(encodeOtlpError('protobuf', { code: 3, message: 'cut off', badRequest })).toEqual(
      Uint8Array.from([
        ...int(1, 3),
        ...text(2, 'cut off'),
        ...nested(
          3,
          text(1, 'type.googleapis.com/google.rpc.BadRequest'),
          nested(2, nested(1, text(1, 'body'), text(2, 'cut off'))),
        ),
      ]),
    )
    expect(
      JSON.parse(encodeOtlpError('json', { code: 3, message: 'cut off', badRequest }) as string),
    ).toEqual({
      code: 3,
      message: 'cut off',
      details: [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [badRequest] }],
    })
  })

  it('is bounded, and cut between characters', () => {
    const { message } = JSON.parse(
      encodeOtlpError('json', { code: 3, message: `a${'😀'.repeat(5000)}` }) as string,
    )
    expect(message.length).toBeLessThanOrEqual(1024)
    expect(message.isWellFormed()).toBe(true)
    expect(encodeOtlpError('protobuf', { code: 3, message: '日'.repeat(5000) }).length).toBeLessThan(
      3 * 1024 + 16,
    )
  })
})
