// A door of its own: the store's threads need this and nothing else of the core, which brings parsers along.
export * from './roll-up.ts'
