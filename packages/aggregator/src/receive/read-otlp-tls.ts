import { readFile } from 'node:fs/promises'
import { ConfigurationError } from '../configuration.ts'
import type { OtlpTls } from './otlp-http-server.ts'

/** The PEM files of the receiver's TLS. Throws ConfigurationError that names the file which cannot be read. */
export async function readOtlpTls(
  files: { readonly cert: string; readonly key: string; readonly client_ca?: string | undefined } | undefined,
): Promise<OtlpTls | undefined> {
  if (files === undefined) return undefined
  const [cert, key, clientCa] = await Promise.all([
    read('otlp.tls.cert', files.cert),
    read('otlp.tls.key', files.key),
    files.client_ca === undefined ? undefined : read('otlp.tls.client_ca', files.client_ca),
  ])
  return { cert, key, clientCa }
}

function read(option: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigurationError(`${option}: the file ${file} cannot be read (${error.code}).`)
  })
}
