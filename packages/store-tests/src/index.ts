// The suite
export { storeSuite, type StoreSuiteOptions } from './store-suite.ts'
export type { Sharing } from './suite/concurrency.ts'

// The model
export { checkModel, type ModelOptions, type Program } from './model/check-model.ts'

// The checker of recorded starts
export { checkStarts, type LimitChange, type StartRecord, type Violation } from './check-starts.ts'
