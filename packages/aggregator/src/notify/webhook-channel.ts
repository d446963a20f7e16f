import { alertmanagerBody } from '@perfmon/core'
import type { Channel, SendOutcome } from './channel.ts'

export interface WebhookChannelOptions {
  readonly name: string
  readonly url: string
  readonly externalUrl: string
  readonly timeoutMs: number
  readonly renderTime: (timeMs: number) => string
}

const finalStatuses = new Set([400, 410, 413, 415, 422])

/**
 * Posts each alert as Alertmanager's webhook (version 4). The header `Idempotency-Key` is the same over
 * all attempts: delivery is at least once, and a receiver that keeps keys has it exactly once.
 *
 * 2xx is sent. What says that this body will never be taken (400, 410, 413, 415, 422) is final; everything else
 * is tried again, also 401, 404 and redirects: a proxy without its server answers so for a while. Redirects are not
 * followed: an alert goes where the operator said and nowhere else.
 */
export function webhookChannel({
  name,
  url,
  externalUrl,
  timeoutMs,
  renderTime,
}: WebhookChannelOptions): Channel {
  return {
    name,
    async send({ key, alert }): Promise<SendOutcome> {
      const body = JSON.stringify(alertmanagerBody({ alert, externalUrl, receiver: name, renderTime }))
      let response: Response
      try {
        response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': key, 'user-agent': 'perfmon' },
          body,
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMs),
        })
      } catch (error) {
        const cause = (error as Error).cause
        const why = cause instanceof Error ? cause.message : (error as Error).message
        return { kind: 'try-again', reason: `no answer: ${why}` }
      }
      // The body is not needed, but unread it would hold the connection.
      await response.body?.cancel().catch(() => {})
      if (response.ok) return { kind: 'sent' }
      const reason = `it answered ${response.status}`
      if (finalStatuses.has(response.status)) return { kind: 'refused', reason }
      const seconds = Number(response.headers.get('retry-after'))
      return Number.isFinite(seconds) && seconds > 0
        ? { kind: 'try-again', reason, retryAfterMs: seconds * 1_000 }
        : { kind: 'try-again', reason }
    },
  }
}
