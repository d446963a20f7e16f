import type { TlsSettings } from '../configure/read-tls.ts'

/** Something to be posted, by something that knows neither OpenTelemetry nor settings. */
export interface PostRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly tls?: TlsSettings | undefined
}

/** The request as bytes on the wire, HTTP/1.1. */
export const toHttpBytes = (
  { url, headers, body }: PostRequest,
  connection: 'close' | 'keep-alive',
): Buffer => {
  const { pathname, search, host, username, password } = new URL(url)
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  const lines = [
    `POST ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    `Connection: ${connection}`,
    `Content-Length: ${body.byteLength}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(username !== '' ? [`Authorization: Basic ${credentials.toString('base64')}`] : []),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}
