// Data in the format Values may hold expressions, and an expression may call file() or ask a
// query that does. So the data is looked at on its way to the disk: what stands outside of its
// strings may be names, numbers and punctuation; anything else is taken as plain values only.

/** Other quotes, comments and letters would need a whole lexer; values made by drivers have none. */
const MORE_THAN_CALLS = /["`$#\x80-\xff]|--|\/[*/]|\b(?:file|catboostEvaluate|format|SELECT|WITH|FROM|APPLY|EXPLAIN)(?=\W)/i;
const NEXT_IN_STRING = /[\\']/g;
/** Longer than any word that is looked for, since one may lie across two chunks. */
const TAIL = 32;

export class ValuesWatch {
  suspicious = false;
  #tail = '';
  #inString = false;
  #escaped = false;

  async *over(chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      this.see(next.value);
      yield next.value;
    }
  }

  see(chunk: Buffer): void {
    if (this.suspicious) return;
    const outside = this.#tail + this.#outsideStrings(chunk.toString('latin1'));
    this.suspicious = MORE_THAN_CALLS.test(outside);
    this.#tail = outside.slice(-TAIL);
  }

  #outsideStrings(text: string): string {
    let outside = '';
    let at = this.#escaped ? 1 : 0;
    this.#escaped = false;
    while (at < text.length) {
      if (this.#inString) {
        NEXT_IN_STRING.lastIndex = at;
        const found = NEXT_IN_STRING.exec(text);
        if (found === null) break;
        this.#inString = found[0] === '\\';
        at = found.index + (this.#inString ? 2 : 1);
      } else {
        const quote = text.indexOf("'", at);
        const end = quote < 0 ? text.length : quote;
        // A string stands for itself, so that no two words become one.
        outside += text.slice(at, end) + (quote < 0 ? '' : "'");
        this.#inString = quote >= 0;
        at = end + 1;
      }
    }
    this.#escaped = this.#inString && at > text.length;
    return outside;
  }
}
