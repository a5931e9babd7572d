type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** `type<Expected>()(value)` compiles only if `value` has exactly the type `Expected`. */
export function type<Expected>(): <Actual>(value: Actual, ...same: Same<Actual, Expected> extends true ? [] : [never]) => void {
  return () => {}
}
