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

/** Which programs are wanted. */
interface Kind {
  readonly cancellers: readonly Exclude<Program['cancellers'][number], number>[]
  readonly chains: boolean
  /** Whether callbacks pause too. */
  readonly pausesInside: boolean
}

function programsOf({ cancellers, chains, pausesInside }: Kind): fc.Arbitrary<Program> {
  const stepOf = (action: fc.Arbitrary<Action>, pauses: boolean): fc.Arbitrary<Step> => {
    const ops = ['callback', 'errback', 'cancel', ...(pauses ? (['pause', 'unpause'] as const) : [])] as const
    const side = fc.option(action, { nil: undefined, freq: 3 })
    return fc.oneof(
      { weight: 3, arbitrary: fc.record({ op: fc.constantFrom(...ops), which }) },
      { weight: chains ? 1 : 0, arbitrary: fc.record({ op: fc.constant('chain' as const), which, other: which }) },
      { weight: 5, arbitrary: fc.record({ op: fc.constant('add' as const), which, onValue: side, onFailure: side }) },
    )
  }
  const simple: fc.Arbitrary<Action> = fc.oneof(
    fc.record({ do: fc.constant('value' as const), value: fc.nat(9) }),
    fc.record({ do: fc.constantFrom('same' as const, 'throw' as const, 'failure' as const) }),
    fc.record({ do: fc.constant('return' as const), which }),
  )
  const step = stepOf(simple, pausesInside)
  const action: fc.Arbitrary<Action> = fc.oneof(
    { weight: 3, arbitrary: simple },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('then' as const), step, value: fc.nat(9) }) },
  )
  return fc.record({
    cancellers: fc.array(fc.oneof(fc.constantFrom(...cancellers), which), { minLength: COUNT, maxLength: COUNT }),
    steps: fc.array(stepOf(action, true), { maxLength: 24 }),
  })
}

/** Programs of every kind. */
export const programs: fc.Arbitrary<Program> = programsOf({
  cancellers: ['none', 'nothing', 'callback', 'errback', 'throw', 'cancel'],
  chains: true,
  pausesInside: true,
})

/** Those on which we mean to do as Twisted does: see docs/decisions/0006-where-deferreds-are-not-twisteds.md. */
export const twistedPrograms: fc.Arbitrary<Program> = programsOf({
  cancellers: ['none', 'nothing', 'callback', 'errback'],
  chains: false,
  pausesInside: false,
}).filter(({ steps }) => !steps.some((one) => mayWait(one) && steps.some(({ op, which }) => op === 'pause' && which === one.which)))

function mayWait(step: Step): boolean {
  return step.op === 'add' && (step.onValue?.do === 'return' || step.onFailure?.do === 'return')
}
