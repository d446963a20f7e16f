/**
 * POSTs JSON and gives the parsed answer.
 *
 * @param {string} url
 * @param {object} body
 * @param {{ timeoutMs?: number, headers?: Record<string, string> }} [options]
 * @returns {Promise<any>}
 * @throws {Error} when nobody answers in time, or the answer is not a success
 */
export async function postJson(url, body, { timeoutMs = 20_000, headers = {} } = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  })
  // Also of a failure: an unread body keeps its connection occupied.
  const text = await response.text()
  if (!response.ok)
    throw new Error(`${new URL(url).pathname} answered ${response.status}: ${text.slice(0, 200)}`)
  return JSON.parse(text)
}
