import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../testing/make-certificates.ts'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { startReceiver } from '../testing/start-receiver.ts'

let certificates: Certificates
beforeAll(async () => {
  certificates = await makeCertificates()
  await buildProbe()
}, 30_000)
afterAll(() => certificates.remove())

const startTlsReceiver = (asksForCertificate: boolean) =>
  startReceiver({
    tls: {
      key: readFileSync(certificates.serverKey),
      cert: readFileSync(certificates.serverCertificate),
      ca: readFileSync(certificates.authority),
      requestCert: asksForCertificate,
      rejectUnauthorized: asksForCertificate,
    },
  })

const oneSecond = 'setTimeout(() => {}, 1000)'

test('reports and the last report reach an https receiver whose authority is named', async () => {
  const receiver = await startTlsReceiver(false)
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_EXPORTER_OTLP_CERTIFICATE: certificates.authority,
  }
  const agent = await runAgent({ source: oneSecond, env })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  expect(receiver.reports.length).toBeGreaterThan(1)
  expect(receiver.reports.at(-1)!.metrics.has('perfmon.agent.exit')).toBe(true)

  // One that ends before anything was loaded.
  const brief = await runAgent({ source: 'process.exit(3)', env })
  expect(await brief.ended).toMatchObject({ code: 3, stderr: '' })
  expect(receiver.reports.at(-1)!.metrics.get('perfmon.agent.exit')!.points[0]!.value).toBe(3)
  await receiver.close()
})

test('a receiver that asks for a certificate gets the one of the metrics variables', async () => {
  const receiver = await startTlsReceiver(true)
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere.pem',
    OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: certificates.authority,
    OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: certificates.clientCertificate,
    OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: certificates.clientKey,
  }
  const agent = await runAgent({ source: oneSecond, env })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  expect(receiver.reports.at(-1)!.metrics.has('perfmon.agent.exit')).toBe(true)

  const before = receiver.reports.length
  const unknown = await runAgent({
    source: oneSecond,
    env: { ...env, OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: '' },
  })
  const { code, stderr } = await unknown.ended
  expect(code).toBe(0)
  expect(stderr).toContain('A client certificate needs its key')
  expect(stderr).toContain('cannot deliver metrics')
  expect(receiver.reports).toHaveLength(before)
  await receiver.close()
})

test('nothing is sent to a receiver that nobody vouches for; a file that is no certificate is named', async () => {
  const receiver = await startTlsReceiver(false)
  const agent = await runAgent({
    source: oneSecond,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_CERTIFICATE: new URL(import.meta.url).pathname.replace('.test.ts', '.none'),
    },
  })
  const { code, stderr } = await agent.ended
  expect(code).toBe(0)
  expect(stderr).toMatch(
    /^perfmon: OTEL_EXPORTER_OTLP_CERTIFICATE="[^"]+" cannot be read \(ENOENT\): name a PEM file; it is not used\.\n/,
  )
  expect(stderr).toMatch(
    /cannot deliver metrics to https:[^\n]*CERT_IN_CHAIN[^\n]*OTEL_EXPORTER_OTLP_CERTIFICATE/,
  )
  expect(receiver.reports).toEqual([])
  await receiver.close()
})
