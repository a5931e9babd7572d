import fc from 'fast-check'

/** How many deferreds a program has. */
export const COUNT = 4

/** What a callback, an errback or a canceller does besides being called. */
export type Action =
  | { readonly do: 'value'; readonly value: number }
  | { readonly do: 'same' }
  | { readonly do: 'throw' }
  | { readonly do: 'failure' }
  | { readonly do: 'return'; readonly which: number }
  | { readonly do: 'then'; readonly step: Step; readonly value: number }

/** One thing that a program does to a deferred. */
export type Step =
  | { readonly op: 'callback' | 'errback' | 'cancel' | 'pause' | 'unpause'; readonly which: number }
  | { readonly op: 'chain'; readonly which: number; readonly other: number }
  | { readonly op: 'add'; readonly which: number; readonly onValue?: Action | undefined; readonly onFailure?: Action | undefined }

export interface Program {
  /** What each deferred's canceller does; `none`: it has no canceller. */
  readonly cancellers: readonly ('none' | 'nothing' | 'callback' | 'errback' | 'throw' | 'cancel' | number)[]
  readonly steps: readonly Step[]
}

const which = fc.nat(COUNT - 1)

function stepOf(action: fc.Arbitrary<Action>): fc.Arbitrary<Step> {
  const side = fc.option(action, { nil: undefined, freq: 3 })
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('callback', 'errback', 'cancel', 'pause', 'unpause'), which }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('chain' as const), which, other: which }) },
    { weight: 5, arbitrary: fc.record({ op: fc.constant('add' as const), which, onValue: side, onFailure: side }) },
  )
}

const simple: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('value' as const), value: fc.nat(9) }),
  fc.record({ do: fc.constantFrom('same' as const, 'throw' as const, 'failure' as const) }),
  fc.record({ do: fc.constant('return' as const), which }),
)

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: simple },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('then' as const), step: stepOf(simple), value: fc.nat(9) }) },
)

export const programs: fc.Arbitrary<Program> = fc.record({
  cancellers: fc.array(fc.oneof(fc.constantFrom('none', 'nothing', 'callback', 'errback', 'throw', 'cancel'), which), {
    minLength: COUNT,
    maxLength: COUNT,
  }),
  steps: fc.array(stepOf(action), { maxLength: 24 }),
})
