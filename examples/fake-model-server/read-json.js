import { BadRequest } from './bad-request.js'

/**
 * The JSON object in a request's body.
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {number} maxBytes
 * @returns {Promise<any>}
 * @throws {BadRequest} 413 too long, 415 not declared as JSON, 400 not a JSON object
 */
export async function readJson(request, maxBytes) {
  // Browsers send other content types to any local port without asking first; JSON they may not.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new BadRequest('send the body as JSON, with the header "content-type: application/json"', 415)
  }
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new BadRequest(`the body is longer than ${maxBytes} bytes`, 413)
    chunks.push(chunk)
  }
  let body
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new BadRequest(`the body is not JSON: ${error.message}`)
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new BadRequest('the body must be a JSON object')
  }
  return body
}
