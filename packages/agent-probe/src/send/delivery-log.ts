import type { WriteLine } from '../write-line.ts'
import type { DeliveryError } from './delivery-error.ts'

/** One lost report is a restarting receiver; two in a row are worth a line. */
const failuresBeforeLine = 2

const remedy = ({ message }: DeliveryError): string =>
  /status 40[13]/.test(message)
    ? 'Set PERFMON_TOKEN (or OTEL_EXPORTER_OTLP_HEADERS) to what the receiver expects'
    : 'Set OTEL_EXPORTER_OTLP_ENDPOINT to where the receiver is, or PERFMON_DISABLED=1 to switch the probe off'

export interface DeliveryLog {
  delivered(): void
  failed(error: DeliveryError): void
}

/** Tells a change of state once: people complain about silence as much as about noise. */
export const createDeliveryLog = ({ url, writeLine }: { url: string; writeLine: WriteLine }): DeliveryLog => {
  const { origin, pathname } = new URL(url)
  const receiver = `${origin}${pathname}`
  let failures = 0
  return {
    delivered() {
      if (failures >= failuresBeforeLine) writeLine('warn', `${receiver} takes metrics again`)
      failures = 0
    },
    failed(error) {
      failures++
      if (failures !== failuresBeforeLine) return
      writeLine(
        'warn',
        `cannot deliver metrics to ${receiver} (${error.message}). The agent is not affected; totals are kept` +
          ` and sent when it answers. ${remedy(error)}`,
      )
    },
  }
}
