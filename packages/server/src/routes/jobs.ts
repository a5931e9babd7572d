import { createRoute } from '@hono/zod-openapi'
import {
  explanationSchema,
  historySchema,
  jobPageSchema,
  jobPatchSchema,
  jobSchema,
  jobsSchema,
  listQuerySchema,
  MAX_BATCH,
  MAX_BODY,
  noQuerySchema,
  type Put,
  putBodySchema,
  waitQuerySchema,
} from '@potoroo/protocol'
import { isOver, type PutOptions } from '@potoroo/queue'
import { z } from 'zod'
import { limitBody } from '../body.ts'
import { toExplanationJson, toHistoryJson, toJobJson } from '../json.ts'
import { waitUntilOver } from '../wait.ts'
import { apiErrors, BODY_ERRORS, CHANGE_ERRORS, JOB_ERRORS, json, QUEUE_ERRORS } from './answers.ts'
import { checkId, jobParams, queueParams, type RouteContext } from './context.ts'

const tags = ['Jobs']
const JOBS = '/api/queues/{queue}/jobs'
const JOB = `${JOBS}/{id}` as const

/** The routes about jobs. */
export function jobRoutes({ app, queues, held, clock }: RouteContext): void {
  app.openapi(put, async (c) => {
    const queue = queues.get(c.req.valid('param').queue)
    const body = c.req.valid('json')
    if (Array.isArray(body)) {
      const jobs = await queue.putMany(body.map((each) => ({ arg: each.arg, ...toPutOptions(each) })))
      return c.json({ jobs: jobs.map(toJobJson) }, 201)
    }
    const { job, isNew } = await queue.putNew(body.arg, toPutOptions(body))
    if (!isNew) return c.json(toJobJson(job), 200)
    return c.json(toJobJson(job), 201, { location: `/api/queues/${encodeURIComponent(job.queue)}/jobs/${job.id}` })
  })

  app.openapi(list, async (c) => {
    const { state, after, limit } = c.req.valid('query')
    const options = { limit, ...(state === undefined ? {} : { state }), ...(after === undefined ? {} : { after }) }
    const { jobs, next } = await queues.get(c.req.valid('param').queue).list(options)
    return c.json({ jobs: jobs.map(toJobJson), next }, 200)
  })

  app.openapi(get, async (c) => {
    const { queue, id } = c.req.valid('param')
    const { wait } = c.req.valid('query')
    const job = await queues.job(queue, id)
    if (wait === undefined || isOver(job.state)) return c.json(toJobJson(job), 200)
    await waitUntilOver(job, wait * 1_000, c.req.raw.signal, held, clock)
    return c.json(toJobJson(await queues.job(queue, id)), 200)
  })

  app.openapi(patch, async (c) => {
    const { queue, id } = c.req.valid('param')
    const job = await queues.get(queue).reprioritize(checkId(id), c.req.valid('json').priority)
    return c.json(toJobJson(job), 200)
  })

  app.openapi(cancel, async (c) => {
    const { queue, id } = c.req.valid('param')
    return c.json(toJobJson(await queues.get(queue).cancel(checkId(id))), 200)
  })

  app.openapi(retry, async (c) => {
    const { queue, id } = c.req.valid('param')
    return c.json(toJobJson(await queues.get(queue).retry(checkId(id))), 200)
  })

  app.openapi(explain, async (c) => {
    const { queue, id } = c.req.valid('param')
    return c.json(toExplanationJson(await queues.get(queue).explain(checkId(id))), 200)
  })

  app.openapi(history, async (c) => {
    const { queue, id } = c.req.valid('param')
    return c.json(toHistoryJson(await queues.get(queue).history(checkId(id))), 200)
  })
}

function toPutOptions({ priority, delay, runAt, key, maxAttempts, timeout }: Put): PutOptions {
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(delay === undefined ? {} : { delay }),
    ...(runAt === undefined ? {} : { runAt: new Date(runAt) }),
    ...(key === undefined ? {} : { key }),
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(timeout === undefined ? {} : { timeout }),
  }
}

const put = createRoute({
  method: 'post',
  path: JOBS,
  tags,
  summary: 'Put a job, or several',
  description: `Answers once they are committed. An array of up to ${MAX_BATCH} is put in one commit, all or none.`,
  middleware: limitBody(MAX_BODY),
  request: {
    params: queueParams,
    query: noQuerySchema,
    body: { required: true, content: { 'application/json': { schema: putBodySchema } } },
  },
  responses: {
    200: json(jobSchema, 'The pending or underway job that has this `key` already'),
    201: {
      ...json(z.union([jobSchema, jobsSchema]), 'The job; for an array, the jobs in its order'),
      headers: { Location: { description: 'Where the job is; not for an array', schema: { type: 'string' } } },
    },
    ...apiErrors(...QUEUE_ERRORS, ...CHANGE_ERRORS, ...BODY_ERRORS, 'ERR_QUEUE_OVERFLOW'),
  },
})

const list = createRoute({
  method: 'get',
  path: JOBS,
  tags,
  summary: 'List jobs',
  description: 'Without a state: all, in the order of arrival. Pending: in the order they will start. Over: the latest first.',
  request: { params: queueParams, query: listQuerySchema },
  responses: { 200: json(jobPageSchema, 'A page of jobs'), ...apiErrors(...QUEUE_ERRORS) },
})

const get = createRoute({
  method: 'get',
  path: JOB,
  tags,
  summary: 'See a job, or wait until it is over',
  request: { params: jobParams, query: waitQuerySchema },
  responses: { 200: json(jobSchema, 'The job as it stands'), ...apiErrors(...JOB_ERRORS) },
})

const patch = createRoute({
  method: 'patch',
  path: JOB,
  tags,
  summary: 'Move a pending job in the queue',
  middleware: limitBody(MAX_BODY),
  request: {
    params: jobParams,
    query: noQuerySchema,
    body: { required: true, content: { 'application/json': { schema: jobPatchSchema } } },
  },
  responses: {
    200: json(jobSchema, 'The job with its new priority'),
    ...apiErrors(...JOB_ERRORS, ...CHANGE_ERRORS, ...BODY_ERRORS, 'ERR_JOB_NOT_PENDING'),
  },
})

const cancel = createRoute({
  method: 'delete',
  path: JOB,
  tags,
  summary: 'Cancel a job, also when it is underway',
  request: { params: jobParams, query: noQuerySchema },
  responses: {
    200: json(jobSchema, 'The cancelled job'),
    ...apiErrors(...JOB_ERRORS, ...CHANGE_ERRORS, 'ERR_JOB_OVER'),
  },
})

const retry = createRoute({
  method: 'post',
  path: `${JOB}/retry`,
  tags,
  summary: 'Do a failed or cancelled job again',
  request: { params: jobParams, query: noQuerySchema },
  responses: {
    200: json(jobSchema, 'The job, pending'),
    ...apiErrors(...JOB_ERRORS, ...CHANGE_ERRORS, 'ERR_JOB_NOT_OVER', 'ERR_JOB_KEY_TAKEN'),
  },
})

const explain = createRoute({
  method: 'get',
  path: `${JOB}/explain`,
  tags,
  summary: 'Why is this job not running?',
  request: { params: jobParams, query: noQuerySchema },
  responses: { 200: json(explanationSchema, 'What keeps it from running'), ...apiErrors(...JOB_ERRORS) },
})

const history = createRoute({
  method: 'get',
  path: `${JOB}/history`,
  tags,
  summary: 'What became of its attempts, and what did its handler log?',
  request: { params: jobParams, query: noQuerySchema },
  responses: { 200: json(historySchema, 'Its last attempts and lines, the oldest first'), ...apiErrors(...JOB_ERRORS) },
})
