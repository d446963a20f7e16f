// Prometheus and VictoriaMetrics as the store's peers: started, fed through remote write, asked over HTTP.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cacheFolder } from '../test/components/cache-folder.ts'
import { findOnPath } from '../test/components/find-on-path.ts'
import { obtainPrometheus } from '../test/components/obtain-prometheus.ts'

const run = promisify(execFile)

/** From PATH, or Debian's package unpacked into the cache; null when there is neither. */
const obtainVictoriaMetrics = async () => {
  const folder = cacheFolder('victoria-metrics')
  const unpacked = join(folder, 'usr/bin/victoria-metrics')
  if (existsSync(unpacked)) return unpacked
  const found = await findOnPath('victoria-metrics')
  if (found !== null) return found
  try {
    mkdirSync(folder, { recursive: true })
    await run('apt-get', ['download', 'victoria-metrics'], { cwd: folder })
    const file = readdirSync(folder).find((name) => name.endsWith('.deb'))
    await run('dpkg-deb', ['-x', join(folder, file), folder])
    return unpacked
  } catch (error) {
    console.log(`no VictoriaMetrics: ${String(error.message).split('\n')[0]}`)
    return null
  }
}

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })

/** Bytes of all files, and of those whose path does not match `except`. */
export const bytesBelow = (dir, except = /$^/) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !except.test(path.slice(dir.length)))
    .reduce((sum, path) => sum + (statSync(path).isFile() ? statSync(path).size : 0), 0)

export const startPeers = async (root) => {
  const peers = []
  const prometheus = (await obtainPrometheus()).binaries?.prometheus
  if (prometheus === undefined) console.log('no Prometheus')
  else peers.push(await startPrometheus(prometheus, join(root, 'prometheus')))
  const victoria = await obtainVictoriaMetrics()
  if (victoria !== null) peers.push(await startVictoria(victoria, join(root, 'victoria')))
  return peers
}

const startPrometheus = async (binary, dir) => {
  mkdirSync(dir, { recursive: true })
  const port = await freePort()
  const peer = await start('Prometheus', binary, port, dir, [
    '--config.file=/dev/null',
    `--storage.tsdb.path=${dir}`,
    '--storage.tsdb.retention.time=10y',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
  ])
  return {
    ...peer,
    /** Of what is in blocks; the last hours are in the head and its log. */
    bytesPerSample: () => {
      const blocks = readdirSync(dir).filter((name) => existsSync(join(dir, name, 'meta.json')))
      const samples = blocks.reduce(
        (sum, name) => sum + JSON.parse(readFileSync(join(dir, name, 'meta.json'), 'utf8')).stats.numSamples,
        0,
      )
      return blocks.reduce((sum, name) => sum + bytesBelow(join(dir, name)), 0) / samples
    },
  }
}

const startVictoria = async (binary, dir) => {
  mkdirSync(dir, { recursive: true })
  const port = await freePort()
  const peer = await start('VictoriaMetrics', binary, port, dir, [
    `-storageDataPath=${dir}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=100y',
    '-search.latencyOffset=0s',
    '-search.disableCache',
  ])
  return {
    ...peer,
    settle: async () => {
      await fetch(`${peer.url}/internal/force_flush`)
      await fetch(`${peer.url}/internal/force_merge`)
      await wait(3000)
    },
    bytesPerSample: (samples) => bytesBelow(dir, /cache|flock/) / samples,
  }
}

const start = async (name, binary, port, dir, args) => {
  const child = spawn(binary, args, { stdio: 'ignore', cwd: dir })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 100; tries += 1) {
    await wait(200)
    const answer = await fetch(`${url}/api/v1/query?query=1`).catch(() => null)
    if (answer?.ok) break
  }
  return {
    name,
    url,
    append: async (body) => {
      const answer = await fetch(`${url}/api/v1/write`, {
        method: 'POST',
        body,
        headers: {
          'content-encoding': 'snappy',
          'content-type': 'application/x-protobuf',
          'x-prometheus-remote-write-version': '0.1.0',
        },
      })
      if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`)
      await answer.arrayBuffer()
    },
    settle: async () => {},
    ask: async (path, parameters) => {
      const answer = await fetch(`${url}${path}?${new URLSearchParams(parameters)}`)
      const { status, data, error } = await answer.json()
      if (status !== 'success') throw new Error(`${name}: ${error}`)
      return data.result
    },
    /** User and system time in seconds; clock ticks are hundredths everywhere that matters. */
    cpuSeconds: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
      return (Number(fields[11]) + Number(fields[12])) / 100
    },
    rssBytes: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024,
    close: () =>
      new Promise((done) => {
        child.once('exit', done)
        child.kill('SIGTERM')
      }),
  }
}

const varint = (value) => {
  const bytes = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return [...bytes, rest]
}
const field = (number, bytes) => [(number << 3) | 2, ...varint(bytes.length), ...bytes]
const label = (name, value) => field(1, [...field(1, Buffer.from(name)), ...field(2, Buffer.from(value))])

/** A batch as a remote write request: prompb.WriteRequest in snappy's framing, as literals. */
export const createRemoteWriter = () => {
  const labels = []
  return ({ newSeries, seriesIds, timesMs, values }) => {
    for (const { id, agentId, metric } of newSeries) {
      const name = metric.replaceAll(/\W+/g, '_')
      labels[id] = Buffer.from([...label('__name__', name), ...label('agent', agentId)])
    }
    const samples = new Map()
    for (let index = 0; index < seriesIds.length; index += 1) {
      const bytes = Buffer.alloc(9)
      bytes[0] = 9
      bytes.writeDoubleLE(values[index], 1)
      const sample = Buffer.concat([bytes, Buffer.from([16, ...varint(timesMs[index])])])
      const list = samples.get(seriesIds[index]) ?? []
      list.push(Buffer.from([18, sample.length]), sample)
      samples.set(seriesIds[index], list)
    }
    const parts = []
    for (const [id, list] of samples) {
      const bytes = list.reduce((sum, part) => sum + part.length, labels[id].length)
      parts.push(Buffer.from([10, ...varint(bytes)]), labels[id], ...list)
    }
    const message = Buffer.concat(parts)
    const framed = [Buffer.from(varint(message.length))]
    for (let at = 0; at < message.length; at += 65_536) {
      const literal = message.subarray(at, at + 65_536)
      framed.push(Buffer.from([61 << 2, (literal.length - 1) & 255, (literal.length - 1) >> 8]), literal)
    }
    return Buffer.concat(framed)
  }
}
