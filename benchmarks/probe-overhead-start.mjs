/** Says when its first line ran and when its last one did: benchmarks/probe-overhead.mjs compares them. */
const say = () => console.log(performance.timeOrigin + performance.now())
say()
setTimeout(say, Number(process.env.AGENT_LIVES_MS))
