import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long a browser may keep the answer to its question: two hours, more than any takes. */
const maxAgeSeconds = 7_200

/** What an answer to a page must say so that the page may read it. The guard has let its origin pass. */
export const corsHeaders = ({ headers }: IncomingMessage): Record<string, string> =>
  headers.origin === undefined
    ? {}
    : {
        'access-control-allow-origin': headers.origin,
        vary: 'origin',
        'access-control-expose-headers': 'retry-after',
      }

/** Whether a browser asks, before it sends, if it may (Fetch standard, "CORS-preflight request"). */
export const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' &&
  headers.origin !== undefined &&
  headers['access-control-request-method'] !== undefined

export function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204, {
    ...corsHeaders(request),
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'authorization, content-encoding, content-type',
    'access-control-max-age': String(maxAgeSeconds),
  })
  response.end()
  request.resume()
}
