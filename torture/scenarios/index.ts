import type { Scenario } from '../scenario.ts'
import { clock } from './clock.ts'
import { crash } from './crash.ts'
import { handlers } from './handlers.ts'
import { kill } from './kill.ts'
import { locked } from './locked.ts'
import { pause } from './pause.ts'
import { resize } from './resize.ts'

export const scenarios: readonly Scenario[] = [kill, crash, pause, resize, locked, clock, handlers]
