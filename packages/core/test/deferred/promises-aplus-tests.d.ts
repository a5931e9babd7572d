declare module 'promises-aplus-tests' {
  export default function promisesAplusTests(adapter: object, options: object, done: (error?: Error) => void): void
}
