import type { Scenario } from '../scenario.ts'
import { clock } from './clock.ts'
import { crash } from './crash.ts'
import { diskFull } from './disk-full.ts'
import { handlers } from './handlers.ts'
import { kill } from './kill.ts'
import { leaks } from './leaks.ts'
import { locked } from './locked.ts'
import { pause } from './pause.ts'
import { readOnly } from './read-only.ts'
import { resize } from './resize.ts'
import { service } from './service.ts'

export const scenarios: readonly Scenario[] = [service, kill, crash, pause, resize, diskFull, readOnly, locked, clock, handlers, leaks]
