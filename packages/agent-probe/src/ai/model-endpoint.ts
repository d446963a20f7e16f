/** A path on which models are served, in any of the three dialects. */
export interface ModelEndpoint {
  readonly operation: 'chat' | 'text_completion' | 'embeddings' | 'generate_content'
  readonly dialect: 'openai' | 'anthropic' | 'google'
  /** Where the path names the model: Google's and Azure's do. */
  readonly model: string | undefined
  /** `model` is the name of a deployment. */
  readonly deployed: boolean
  /** So telling that the request needs no further proof; others need a `model` in their body. */
  readonly certain: boolean
}

/** One look at the end of a URL or path, whatever host and prefix come before it. */
const modelPath =
  /^[^?#]*?\/(?:(chat\/completions|completions|responses|embeddings|messages)|models\/([^/?:]{1,200}):(generateContent|streamGenerateContent|embedContent|batchEmbedContents))(?:\?[^#]*)?(?:#.*)?$/

const deployment = /\/deployments\/([^/?]{1,200})\//
const versioned = /\/v1\/(?:messages|responses|embeddings)(?:[?#]|$)/

const operations = {
  'chat/completions': 'chat',
  completions: 'text_completion',
  responses: 'chat',
  embeddings: 'embeddings',
  messages: 'chat',
} as const

/** The endpoint that a POST to this URL or path would reach; absent for everything that is no model. */
export const modelEndpoint = (url: string): ModelEndpoint | undefined => {
  const match = modelPath.exec(url)
  if (match === null) return undefined
  const [, openAi, model, google] = match
  if (google !== undefined) {
    return {
      operation:
        google.endsWith('GenerateContent') || google === 'generateContent'
          ? 'generate_content'
          : 'embeddings',
      dialect: 'google',
      model,
      deployed: false,
      certain: true,
    }
  }
  const name = openAi as keyof typeof operations
  const deployed = deployment.exec(url)?.[1]
  return {
    operation: operations[name],
    dialect: name === 'messages' ? 'anthropic' : 'openai',
    model: deployed,
    deployed: deployed !== undefined,
    certain: name === 'chat/completions' || deployed !== undefined || versioned.test(url),
  }
}
