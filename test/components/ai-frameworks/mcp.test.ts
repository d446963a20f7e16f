import { beforeAll, expect, test } from 'vitest'
import { buildProbe } from '../../../packages/agent-probe/src/testing/run-agent.ts'
import { countOf } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { obtainPackages } from './obtain-packages.ts'
import { watchFramework } from './watch-framework.ts'

const first = await obtainPackages({ '@modelcontextprotocol/sdk': '1.32.2', zod: '4.6.7' })
const second = await obtainPackages({
  '@modelcontextprotocol/client': '2.4.0',
  '@modelcontextprotocol/server': '2.4.0',
  zod: '4.6.7',
})
beforeAll(buildProbe)

// Client and server in one process: the probe must tell them apart.
const body = `
const main = async () => {
  const server = new McpServer({ name: 'server', version: '1.0.0' })
  const inputSchema = z.object({ text: z.string() })
  server.registerTool('say', { description: 'Says', inputSchema }, async ({ text }) => ({
    content: [{ type: 'text', text }],
  }))
  server.registerTool('broken', { description: 'Breaks', inputSchema }, async () => { throw new Error('no') })
  const [one, other] = InMemoryTransport.createLinkedPair()
  await server.connect(one)
  const client = new Client({ name: 'client', version: '1.0.0' })
  await client.connect(other)
  await client.listTools()
  for (let call = 0; call < 3; call++) await client.callTool({ name: 'say', arguments: { text: 'a secret' } })
  await client.callTool({ name: 'broken', arguments: { text: 'a secret' } })
  await client.close()
}
main()`

const programs = [
  {
    title: 'SDK 1, ESM',
    packages: first,
    file: 'agent.mjs',
    source: `
      import { Client } from '@modelcontextprotocol/sdk/client/index.js'
      import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
      import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
      import { z } from 'zod'${body}`,
  },
  {
    title: 'SDK 1, CommonJS',
    packages: first,
    file: 'agent.cjs',
    source: `
      const { Client } = require('@modelcontextprotocol/sdk/client/index.js')
      const { InMemoryTransport } = require('@modelcontextprotocol/sdk/inMemory.js')
      const { McpServer } = require('@modelcontextprotocol/sdk/server/mcp.js')
      const { z } = require('zod')${body}`,
  },
  {
    title: 'SDK 2, ESM',
    packages: second,
    file: 'agent.mjs',
    source: `
      import { Client, InMemoryTransport } from '@modelcontextprotocol/client'
      import { McpServer } from '@modelcontextprotocol/server'
      import { z } from 'zod'${body}`,
  },
  {
    title: 'SDK 2, CommonJS',
    packages: second,
    file: 'agent.cjs',
    source: `
      const { Client, InMemoryTransport } = require('@modelcontextprotocol/client')
      const { McpServer } = require('@modelcontextprotocol/server')
      const { z } = require('zod')${body}`,
  },
]

for (const { title, packages, ...agent } of programs) {
  test(`MCP, ${title}: every request made and served, tools by name`, async (context) => {
    const { report } = await watchFramework(context, packages, agent)
    for (const side of ['client', 'server']) {
      const requests = `mcp.${side}.operation.duration`
      expect(countOf(report, requests, { 'mcp.method.name': 'initialize' }), side).toBe(1)
      expect(countOf(report, requests, { 'mcp.method.name': 'tools/list' }), side).toBe(1)
      expect(countOf(report, requests, { 'gen_ai.tool.name': 'say' }), side).toBe(3)
      expect(
        countOf(report, requests, { 'gen_ai.tool.name': 'broken', 'error.type': 'tool_error' }),
        side,
      ).toBe(1)
    }
  })
}
