package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/** The text that compressed headers start from (SPDY/3.1, 2.6.10.1). */
final class HeaderDictionary {
  private HeaderDictionary() {}

  /** Its Adler-32 checksum, by which a zlib stream names it. */
  static final int ID = 0xe3c6a7c2;

  static final byte[] BYTES = bytes();

  private static byte[] bytes() {
    String names =
        """
        options head post put delete trace accept accept-charset accept-encoding accept-language \
        accept-ranges age allow authorization cache-control connection content-base \
        content-encoding content-language content-length content-location content-md5 \
        content-range content-type date etag expect expires from host if-match if-modified-since \
        if-none-match if-range if-unmodified-since last-modified location max-forwards pragma \
        proxy-authenticate proxy-authorization range referer retry-after server te trailer \
        transfer-encoding upgrade user-agent vary via warning www-authenticate method get status \
        200_OK version HTTP/1.1 url public set-cookie keep-alive origin""";
    String tail =
        """
        100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505\
        203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request\
        401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented\
        503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec \
        00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,\
        image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,public\
        privatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.""";
    ByteBuf text = Unpooled.buffer(1423);
    for (String name : names.split(" ", -1)) {
      text.writeInt(name.length()).writeCharSequence(name.replace('_', ' '), ISO_8859_1);
    }
    text.writeCharSequence(tail, ISO_8859_1);
    return ByteBufUtil.getBytes(text);
  }
}
