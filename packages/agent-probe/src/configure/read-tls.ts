import { readFileSync } from 'node:fs'

/** PEM texts, as `tls.connect` wants them. They travel to the thread that sends the last report. */
export interface TlsSettings {
  /** Authorities trusted instead of Node's own. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

const variables = { ca: 'CERTIFICATE', cert: 'CLIENT_CERTIFICATE', key: 'CLIENT_KEY' } as const

/**
 * The files of `OTEL_EXPORTER_OTLP_CERTIFICATE` and its two companions; the `…_METRICS_…` ones win. A file that
 * cannot be used is told and left out: the receiver is then verified as without it, never less.
 */
export const readTls = ({
  text,
  nameOf,
  warn,
}: {
  /** Value of a variable, if it has any. */
  text: (variable: string) => string | undefined
  nameOf: (variable: string) => string
  warn: (sentence: string) => void
}): TlsSettings | undefined => {
  const found: { ca?: string; cert?: string; key?: string } = {}
  for (const part of ['ca', 'cert', 'key'] as const) {
    const general = `OTEL_EXPORTER_OTLP_${variables[part]}`
    const own = `OTEL_EXPORTER_OTLP_METRICS_${variables[part]}`
    const variable = text(own) === undefined ? general : own
    const path = text(variable)
    if (path === undefined) continue
    const complain = (why: string) =>
      warn(
        `${nameOf(variable)}=${JSON.stringify(path).slice(0, 120)} ${why}: name a PEM file; it is not used`,
      )
    try {
      const pem = readFileSync(path, 'utf8')
      if (pem.includes('-----BEGIN ')) found[part] = pem
      else complain('holds no PEM')
    } catch (error) {
      complain(`cannot be read (${(error as NodeJS.ErrnoException).code})`)
    }
  }
  if ((found.cert === undefined) !== (found.key === undefined)) {
    warn('A client certificate needs its key and a key its certificate: neither is used')
    delete found.cert
    delete found.key
  }
  return Object.keys(found).length > 0 ? found : undefined
}
