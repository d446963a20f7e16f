import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Certificates {
  /** Paths of PEM files. */
  readonly authority: string
  readonly serverKey: string
  readonly serverCertificate: string
  readonly clientKey: string
  readonly clientCertificate: string
  remove(): Promise<void>
}

/** An authority of our own, and what it vouches for: a server at localhost and 127.0.0.1, and a client. */
export const makeCertificates = async (): Promise<Certificates> => {
  const folder = await mkdtemp(join(tmpdir(), 'perfmon-certificates-'))
  const path = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl(
    ...['req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2'],
    ...['-subj', '/CN=perfmon test authority'],
  )
  const issue = async (name: string, extension: string) => {
    await openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    await writeFile(path(`${name}.ext`), extension)
    await openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-out', `${name}.pem`, '-days', '2', '-extfile', `${name}.ext`],
    )
  }
  await issue('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  await issue('client', 'extendedKeyUsage=clientAuth')
  return {
    authority: path('ca.pem'),
    serverKey: path('server.key'),
    serverCertificate: path('server.pem'),
    clientKey: path('client.key'),
    clientCertificate: path('client.pem'),
    remove: () => rm(folder, { recursive: true }),
  }
}
