/** What one check found out. */
export interface Finding {
  /** What was looked at: `node`, `models.digits`, … */
  readonly what: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** How to mend it; not for `ok`. */
  readonly advice?: string;
}

export function ok(what: string, text: string): Finding {
  return { what, status: 'ok', text };
}

export function warn(what: string, text: string, advice: string): Finding {
  return { what, status: 'warn', text, advice };
}

export function fail(what: string, text: string, advice: string): Finding {
  return { what, status: 'fail', text, advice };
}

/** What an error says, in one line. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s*\n\s*/g, '; ');
}
