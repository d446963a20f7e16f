import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

interface TeeReceiver {
  readonly otlpUrl: string
  /** Rejects when one of the receivers refused something; resolves when both have taken all there was. */
  delivered(): Promise<void>
}

/**
 * An OTLP receiver that passes every request on, byte for byte and in order, to all of `otlpUrls`: so they
 * get the same telemetry of the same agents. It answers at once, because an agent that ends waits for a
 * quarter of a second only, and three processes on a small machine may need longer.
 */
export async function teeReceiver(otlpUrls: readonly string[]): Promise<TeeReceiver> {
  let deliveries = Promise.resolve()
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const headers = passedOn(request)
    const deliver = async (url: string) => {
      const answer = await fetch(`${url}${request.url}`, { method: 'POST', headers, body })
      const said = await answer.text()
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${said}`)
    }
    deliveries = deliveries.then(async () => {
      await Promise.all(otlpUrls.map(deliver))
    })
    // Heard in delivered(); until then a refusal must not end the test run as unhandled.
    deliveries.catch(() => undefined)
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    otlpUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delivered: () => deliveries,
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function passedOn({ headers }: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of ['content-type', 'content-encoding'] as const) {
    const value = headers[name]
    if (value !== undefined) kept[name] = value
  }
  return kept
}
