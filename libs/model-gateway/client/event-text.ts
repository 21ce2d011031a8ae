/** One server-sent event, whose data is in as many `data` lines as it has lines itself. */
export const eventText = (name: string, data: string): string =>
  `event: ${name}\n${data
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}`)
    .join('\n')}\n\n`;
