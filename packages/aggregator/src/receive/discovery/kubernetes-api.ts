import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'

export interface KubernetesApiOptions {
  /** `https://HOST:PORT`. */
  readonly server: string
  readonly caFile: string
  readonly tokenFile: string
}

/** The API server answered with a status that is none of success. 410: what was asked for is too old. */
export class KubernetesError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'KubernetesError'
    this.status = status
  }
}

export interface KubernetesApi {
  get(path: string, signal: AbortSignal): Promise<unknown>
  /** Hears the lines of a stream until the server ends it, in order. */
  stream(path: string, onLine: (line: unknown) => void, signal: AbortSignal): Promise<void>
}

/** A page of 500 pods is about 5 MB. */
const longestBody = 64 * 1024 * 1024
const longestLine = 8 * 1024 * 1024
const answerWithinMs = 30_000
/** Longer than the server keeps a watch open (see timeoutSeconds), which then ends it itself. */
const silentStreamMs = 330_000

/**
 * The few requests to the Kubernetes API that discovery needs, as a service account. Without a client library: it would
 * be the largest dependency here, for two kinds of GET.
 *
 * The token and the authority are read again for every request: the kubelet replaces them while the pod runs.
 */
export function kubernetesApi({ server, caFile, tokenFile }: KubernetesApiOptions): KubernetesApi {
  async function open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const [ca, token] = await Promise.all([readFile(caFile), readFile(tokenFile, 'utf8')])
    const options: RequestOptions = {
      // One of its own: a watch holds its connection, and an agent that is shared keeps an authority that is past.
      agent: new Agent({ ca, keepAlive: false }),
      headers: { authorization: `Bearer ${token.trim()}`, accept: 'application/json' },
      signal,
      timeout: answerWithinMs,
    }
    return await new Promise((resolve, reject) => {
      const asked = request(new URL(path, server), options, resolve)
      asked.on('timeout', () => asked.destroy(new Error('the API server did not answer in time')))
      asked.on('error', reject)
      asked.end()
    })
  }

  async function text(response: IncomingMessage, most: number): Promise<string> {
    response.setEncoding('utf8')
    let all = ''
    for await (const chunk of response) {
      all += chunk as string
      if (all.length > most) throw new Error(`the API server's answer is longer than ${most} characters`)
    }
    return all
  }

  async function demandSuccess(response: IncomingMessage) {
    const { statusCode: status = 0 } = response
    if (status === 200) return
    const said = await text(response, 65_536).catch(() => '')
    throw new KubernetesError(status, `the API server answered ${status}: ${reasonIn(said)}`)
  }

  return {
    async get(path, signal) {
      const response = await open(path, signal)
      await demandSuccess(response)
      return JSON.parse(await text(response, longestBody))
    },

    async stream(path, onLine, signal) {
      const response = await open(path, signal)
      await demandSuccess(response)
      response.setEncoding('utf8')
      response.socket.setTimeout(silentStreamMs)
      let rest = ''
      for await (const chunk of response) {
        const lines = (rest + (chunk as string)).split('\n')
        rest = lines.pop()!
        if (rest.length > longestLine) throw new Error('the API server sends lines without an end')
        for (const line of lines) if (line.trim() !== '') onLine(JSON.parse(line))
      }
    },
  }
}

/** The sentence in a `Status` object; it may be cut off. */
function reasonIn(body: string): string {
  try {
    return String((JSON.parse(body) as { message?: unknown }).message).slice(0, 500)
  } catch {
    return body.slice(0, 200)
  }
}
