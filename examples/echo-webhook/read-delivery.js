const maxBytes = 1024 * 1024

/**
 * Reads and checks a webhook's body, as far as the printing relies on it.
 *
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<{ alerts: import('./echo-webhook.d.ts').WebhookAlert[], problem?: string }>}
 */
export async function readDelivery(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    // What is over the limit is read and forgotten, so that the sender gets to see the answer.
    if (bytes <= maxBytes) chunks.push(chunk)
  }
  if (bytes > maxBytes) return refuse(`the body is longer than ${maxBytes} bytes`)

  let body
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    return refuse(`the body is not JSON: ${error.message}`)
  }
  if (body?.version !== '4') return refuse('"version" must be "4": this reads Alertmanager webhooks only')
  if (!Array.isArray(body.alerts)) return refuse('"alerts" must be a list')
  for (const [index, alert] of body.alerts.entries()) {
    const at = `"alerts[${index}]`
    if (alert?.status !== 'firing' && alert?.status !== 'resolved') {
      return refuse(`${at}.status" must be "firing" or "resolved"`)
    }
    if (!isRecordOfText(alert.labels)) return refuse(`${at}.labels" must be an object of texts`)
    if (!isRecordOfText(alert.annotations)) return refuse(`${at}.annotations" must be an object of texts`)
    if (typeof alert.startsAt !== 'string' || Number.isNaN(Date.parse(alert.startsAt))) {
      return refuse(`${at}.startsAt" must be a time such as 2026-01-31T12:00:00Z`)
    }
  }
  return { alerts: body.alerts }
}

const refuse = (problem) => ({ alerts: [], problem })

function isRecordOfText(value) {
  return (
    value !== null &&
    typeof value === 'object' &&
    Object.values(value).every((each) => typeof each === 'string')
  )
}
