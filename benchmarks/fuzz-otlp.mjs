// A million damaged OTLP bodies through the decoders, held against protobufjs with the official field numbers:
//   node --expose-gc --conditions=perfmon-source benchmarks/fuzz-otlp.mjs [--bodies=1000000] [--seed=1]
// Fails when a decoder throws anything but MalformedBody, or when a body that both accept tells other numbers. Where
// protobufjs is known to deviate (it replaces a message that comes twice, protobuf merges it), what it understood is
// written anew and must then be read alike.
import { createRequire } from 'node:module'
import { createRandom, fuzzOnce, numbersOf } from '../packages/core/src/receive/fixtures/fuzz-otlp.ts'
import {
  otlpProto,
  referenceNumbers,
  sameNumbers,
} from '../packages/core/src/receive/fixtures/reference-numbers.ts'

const option = (name, otherwise) =>
  Number(process.argv.find((argument) => argument.startsWith(`--${name}=`))?.split('=')[1] ?? otherwise)
const bodies = option('bodies', 1_000_000)
const seed = option('seed', 1)

function protobufjs() {
  let require = createRequire(new URL('../packages/aggregator/package.json', import.meta.url))
  for (const step of [
    '@opentelemetry/sdk-node',
    '@opentelemetry/exporter-metrics-otlp-grpc',
    '@grpc/grpc-js',
    '@grpc/proto-loader',
  ]) {
    require = createRequire(require.resolve(step))
  }
  return require('protobufjs')
}

const type = protobufjs().parse(otlpProto, { keepCase: true }).root.lookupType('Request')
const read = (body) => {
  try {
    return type.decode(body)
  } catch {
    return null
  }
}
const plain = (message) => type.toObject(message, { longs: Number, oneofs: false })

const heapMebibytes = () => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const below = createRandom(seed)
const counts = {
  accepted: 0,
  refused: 0,
  alike: 0,
  'alike when written anew': 0,
  'refused by protobufjs': 0,
  json: 0,
}
let heapBefore
for (let round = 0; round < bodies; round++) {
  if (round === Math.floor(bodies / 10)) heapBefore = heapMebibytes()
  const { body, numbers, isJson } = fuzzOnce(below)
  if (isJson) counts.json += 1
  if (numbers === null) {
    counts.refused += 1
    continue
  }
  counts.accepted += 1
  const message = read(body)
  if (message === null) {
    counts['refused by protobufjs'] += 1
    continue
  }
  const wanted = referenceNumbers(plain(message))
  if (sameNumbers(numbers, wanted)) counts.alike += 1
  else {
    const anew = numbersOf(type.encode(message).finish())
    if (anew === null || !sameNumbers(anew, wanted)) {
      console.error(`body ${round} of seed ${seed} is read otherwise: ${Buffer.from(body).toString('hex')}`)
      console.error('ours', numbers.join(' '), '\nanew', anew?.join(' '), '\nwanted', wanted.join(' '))
      process.exit(1)
    }
    counts['alike when written anew'] += 1
  }
}
console.log(`${bodies} bodies, seed ${seed}:`, counts)
console.log(`heap after a tenth ${heapBefore.toFixed(1)} MiB, at the end ${heapMebibytes().toFixed(1)} MiB`)
