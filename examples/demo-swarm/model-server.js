import { startFakeModelServer } from '@perfmon/fake-model-server'

// The model provider is somebody else's machine: it has no probe and no role in the swarm.
const model = await startFakeModelServer({ port: Number(process.env.PORT ?? 0), seed: process.env.SEED ?? 1 })
const stop = () => {
  if (process.connected) process.disconnect()
  void model.close()
}
process.once('SIGTERM', stop).once('disconnect', stop)
process.on('SIGINT', () => process.connected || stop())
console.log(JSON.stringify({ ready: true, url: model.url }))
