import type { WriteLine } from '../write-line.ts'
import type { DeliveryError } from './delivery-error.ts'

/** One lost report is a restarting receiver; two in a row are worth a line. */
const failuresBeforeLine = 2

const remedy = ({ message }: DeliveryError): string => {
  if (/status 40[13]/.test(message)) {
    return 'Set PERFMON_TOKEN (or OTEL_EXPORTER_OTLP_HEADERS) to what the receiver expects'
  }
  if (/status 3\d\d/.test(message)) {
    return 'Redirects are not followed: set OTEL_EXPORTER_OTLP_ENDPOINT to where this one leads'
  }
  // As OpenSSL calls them: SELF_SIGNED_CERT_IN_CHAIN, UNABLE_TO_VERIFY_LEAF_SIGNATURE, CERT_HAS_EXPIRED.
  if (/CERT|SIGNATURE/.test(message)) {
    return 'Name the file of the authority that vouches for it in OTEL_EXPORTER_OTLP_CERTIFICATE'
  }
  return 'Set OTEL_EXPORTER_OTLP_ENDPOINT to where the receiver is, or PERFMON_DISABLED=1 to switch the probe off'
}

export interface DeliveryLog {
  delivered(): void
  /** A report could not be put together. */
  unmade(error: Error): void
  failed(error: DeliveryError): void
  /** The last report got lost, and there is no next one. */
  failedAtExit(error: DeliveryError): void
}

/** Tells a change of state once: people complain about silence as much as about noise. */
export const createDeliveryLog = ({ url, writeLine }: { url: string; writeLine: WriteLine }): DeliveryLog => {
  const { origin, pathname } = new URL(url)
  const receiver = `${origin}${pathname}`
  let failures = 0
  let isUnmadeTold = false
  const complain = (error: DeliveryError, consequence: string) =>
    writeLine(
      'warn',
      `cannot deliver metrics to ${receiver} (${error.message}). ${consequence} ${remedy(error)}.`,
    )
  return {
    delivered() {
      if (failures >= failuresBeforeLine) writeLine('warn', `${receiver} takes metrics again`)
      failures = 0
    },
    unmade({ message }) {
      if (isUnmadeTold) return
      isUnmadeTold = true
      writeLine(
        'warn',
        `cannot put its report together (${message}), and sends none until it can. The agent is not affected.` +
          ' Switch the source off that fails with PERFMON_DISABLED_SOURCES, or the probe with PERFMON_DISABLED=1.',
      )
    },
    failed(error) {
      failures++
      if (failures === failuresBeforeLine) {
        complain(error, 'The agent is not affected; totals are kept and sent when it answers.')
      }
    },
    failedAtExit(error) {
      // Who was told already that nothing arrives needs no second line.
      if (failures < failuresBeforeLine) complain(error, 'The last report of this agent is lost.')
    },
  }
}
