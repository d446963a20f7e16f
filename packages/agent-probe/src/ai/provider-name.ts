import type { ModelEndpoint } from './model-endpoint.ts'

/** Ends of host names, and what semantic conventions call who serves there; ours where they have no name. */
const byHost: readonly [ending: string, name: string][] = [
  ['api.openai.com', 'openai'],
  ['.openai.azure.com', 'azure.ai.openai'],
  ['.services.ai.azure.com', 'azure.ai.inference'],
  ['api.anthropic.com', 'anthropic'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['.amazonaws.com', 'aws.bedrock'],
  ['api.groq.com', 'groq'],
  ['api.mistral.ai', 'mistral_ai'],
  ['api.deepseek.com', 'deepseek'],
  ['api.x.ai', 'x_ai'],
  ['api.perplexity.ai', 'perplexity'],
  ['api.cohere.com', 'cohere'],
  ['openrouter.ai', 'openrouter'],
]

const byDialect = { openai: 'openai', anthropic: 'anthropic', google: 'gcp.gemini' } as const

/** The provider by its host; else whose dialect is spoken, as for a local server. */
export const providerName = (host: string, dialect: ModelEndpoint['dialect']): string =>
  byHost.find(([ending]) => host.endsWith(ending))?.[1] ?? byDialect[dialect]
