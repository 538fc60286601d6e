/** Text on which tokenizers like to differ. */
export const awkwardTexts: readonly string[] = [
  'Call me Ishmael. Some years ago, never mind how long precisely',
  "I'd WE'LL don't they've 12345 3.14159 1,000,000",
  'emoji 👩‍👩‍👧 🏳️‍🌈 👍🏽 and flags 🇩🇪🇫🇷',
  'combining e\u0301 a\u0308\u0323 Z\u0351\u036b\u0343, and é composed',
  'lines\r\nof\r\n\r\nWindows\rand old Macs\n\n\nand Unix\n',
  'NUL \0 inside \0\0, controls \u0001\u0002\u007f',
  `${' '.repeat(37)}many spaces${' '.repeat(64)}\t\t \t tabs   `,
  '世界 мир שלום ½Ⅷ٣ größe\u0085next\u00a0no\u3000wide\u2028line',
  '<|endoftext|> and <s> as plain text',
  ' ',
  '',
]
