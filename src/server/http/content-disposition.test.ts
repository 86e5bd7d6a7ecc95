import { describe, expect, it } from 'vitest';
import { attachment } from './content-disposition.ts';

describe('a name to save an answer under', () => {
  it.each([
    ['main-1.mp4', `attachment; filename="main-1.mp4"; filename*=UTF-8''main-1.mp4`],
    ['Müller.mp4', `attachment; filename="Muller.mp4"; filename*=UTF-8''M%C3%BCller.mp4`],
    ['面.mp4', `attachment; filename="_.mp4"; filename*=UTF-8''%E9%9D%A2.mp4`],
    ['a"\r\nb\\%41.mp4', `attachment; filename="a___b__41.mp4"; filename*=UTF-8''a%22%0D%0Ab%5C%2541.mp4`],
    [`it's (1)*.mp4`, `attachment; filename="it's (1)*.mp4"; filename*=UTF-8''it%27s%20%281%29%2A.mp4`],
    ['\ud800.mp4', `attachment; filename="_.mp4"; filename*=UTF-8''%EF%BF%BD.mp4`],
  ])('is written for %j', (name, header) => {
    expect(attachment(name)).toBe(header);
  });
});
