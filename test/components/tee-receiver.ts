import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * An OTLP receiver that passes every request on, byte for byte, to all of `otlpUrls`, and answers with the
 * worst of their answers. So two receivers get the same telemetry of the same agents.
 */
export async function teeReceiver(otlpUrls: readonly string[]): Promise<{ readonly otlpUrl: string }> {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const headers = passedOn(request)
    const statuses = await Promise.all(
      otlpUrls.map(async (url) => {
        const answer = await fetch(`${url}${request.url}`, { method: 'POST', headers, body })
        await answer.arrayBuffer()
        return answer.status
      }),
    )
    response.writeHead(Math.max(...statuses)).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { otlpUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
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
