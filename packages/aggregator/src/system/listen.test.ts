import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { ListenError, listen } from './listen.ts'

const servers: ReturnType<typeof createServer>[] = []
function makeServer() {
  const server = createServer()
  servers.push(server)
  return server
}
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function failure(options: { host: string; port: number; option: string }): Promise<ListenError> {
  try {
    await listen(makeServer(), options)
  } catch (error) {
    expect(error).toBeInstanceOf(ListenError)
    return error as ListenError
  }
  throw new Error('it listens')
}

describe('listen', () => {
  it('takes a free port for 0 and says where it is', async () => {
    const address = await listen(makeServer(), { host: '127.0.0.1', port: 0, option: '--port' })
    expect(address).toEqual({
      host: '127.0.0.1',
      port: address.port,
      url: `http://127.0.0.1:${address.port}`,
    })
    expect(address.port).toBeGreaterThan(0)
  })

  it('gives a wildcard a URL that this machine can open', async () => {
    const { host, url, port } = await listen(makeServer(), { host: '0.0.0.0', port: 0, option: '--port' })
    expect([host, url]).toEqual(['0.0.0.0', `http://127.0.0.1:${port}`])
  })

  it('names a port that is taken, and the option that chooses another', async () => {
    const { port } = await listen(makeServer(), { host: '127.0.0.1', port: 0, option: '--port' })
    expect(await failure({ host: '127.0.0.1', port, option: '--otlp-port' })).toMatchObject({
      code: 'port-taken',
      message: `Port ${port} on 127.0.0.1 is taken by another program. Choose another with --otlp-port, or stop that program.`,
    })
  })

  it('names a host that is not of this machine', async () => {
    expect(await failure({ host: '192.0.2.1', port: 0, option: '--port' })).toMatchObject({
      code: 'host-unknown',
    })
  })
})
