/** What keeps the service from starting, and is its owner's to mend: one clear line, and no stack. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** The words for the errors of the operating system that a service meets when it starts. */
export function explainSystemError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'EROFS':
      return 'the file system is read-only'
    case 'ENOSPC':
      return 'the disk is full'
    case 'ENOTDIR':
      return 'a part of the path is not a folder'
    case 'EISDIR':
      return 'it is a folder'
    case 'EADDRINUSE':
      return 'something listens there already'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address'
    default:
      return message
  }
}
