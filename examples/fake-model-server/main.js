#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { startFakeModelServer } from './fake-model-server.js'

const usage = `fake-model-server [--port 9100] [--seed 1] [--latency-ms 120] [--latency-jitter 0.4]
                  [--error-rate 0] [--error-status 500] [--rate-limit-rate 0] [--retry-after-seconds 1]
                  [--cached-share 0]`

const text = { type: /** @type {const} */ ('string') }
try {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      port: { ...text, default: '9100' },
      seed: { ...text, default: '1' },
      'latency-ms': text,
      'latency-jitter': text,
      'error-rate': text,
      'error-status': text,
      'rate-limit-rate': text,
      'retry-after-seconds': text,
      'cached-share': text,
    },
  })
  if (values.help) {
    console.log(usage)
  } else {
    const { help, port, seed, ...settings } = values
    const numbers = Object.entries(settings).map(([name, value]) => [camelCase(name), Number(value)])
    const server = await startFakeModelServer({ port: Number(port), seed, ...Object.fromEntries(numbers) })
    console.log(`OpenAI at ${server.url}/v1, Anthropic at ${server.url}, settings at ${server.url}/control`)
    const stop = () => void server.close()
    process.once('SIGINT', stop).once('SIGTERM', stop)
  }
} catch (error) {
  console.error(`fake-model-server: ${error.message}\n\n${usage}`)
  process.exitCode = 1
}

function camelCase(name) {
  return name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase())
}
