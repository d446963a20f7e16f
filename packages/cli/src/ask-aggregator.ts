import type { Problem } from '@perfmon/protocol'

/** What the aggregator refused, with its code; or that none answers. */
export class AskError extends Error {
  override name = 'AskError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Asks the REST API. Rejects with an {@link AskError}. */
export async function askAggregator<T>(
  url: string,
  path: string,
  { body, timeoutMs = 10_000 }: { body?: unknown; timeoutMs?: number } = {},
): Promise<T> {
  if (!URL.canParse(url)) {
    throw new AskError('usage', `${url} is no address. Write it as http://127.0.0.1:8080.`)
  }
  const token = process.env['PERFMON_TOKEN']
  let response: Response
  try {
    response = await fetch(new URL(path, url), {
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (error) {
    const { cause } = error as Error
    const reason = cause instanceof Error ? cause.message : (error as Error).message
    throw new AskError(
      'unreachable',
      `No aggregator answers at ${url} (${reason}). Start one with: perfmon start`,
    )
  }
  if (response.ok) return (await response.json()) as T
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>
  throw new AskError(
    problem.code ?? String(response.status),
    problem.detail ?? `It answered ${response.status}`,
  )
}
