package io.hubspoke.apiserver.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HtmlLinksTest {
  private static final LinkRewriter LINKS = new LinkRewriter("/p", "10.0.0.1:80", "api:6443");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "<a href=\"/x\">|<a href=\"/p/x\">",
        "<A HREF='/x' class=\"/y\">|<A HREF='/p/x' class=\"/y\">",
        "<img src=/x alt=/y>|<img src=/p/x alt=/y>",
        "<img src = /x/>|<img src = /p/x/>",
        "<link rel=stylesheet href=\"http://10.0.0.1:80/s.css\"/>|<link rel=stylesheet href=\"/p/s.css\"/>",
        "<a href=\"https://api:6443/x\">|<a href=\"https://api:6443/p/x\">",
        "<a href=\"//elsewhere/x\">|<a href=\"//elsewhere/x\">",
        "<a href=\"x/y\">|<a href=\"x/y\">",
        "<a href=\"/p/x\">|<a href=\"/p/x\">",
        "<a href=\"/pretty\">|<a href=\"/p/pretty\">",
        "<a href=\"javascript:go('/x')\">|<a href=\"javascript:go('/x')\">",
        "<a title=\"1 > 0\" href=\"/x\">|<a title=\"1 > 0\" href=\"/p/x\">",
        "<a title=it's href=\"/x\">|<a title=it's href=\"/p/x\">",
        "<form action=\"/do\"><input formaction=/f>|<form action=\"/p/do\"><input formaction=/p/f>",
        "<!-- <a href=\"/x\"> --><a href=\"/x\">|<!-- <a href=\"/x\"> --><a href=\"/p/x\">",
        "<!--><a href=\"/x\">--><a href=\"/x\">|<!--><a href=\"/x\">--><a href=\"/p/x\">",
        "<script src=\"/s\">a<b; '<a href=\"/x\">'</script>|<script src=\"/p/s\">a<b; '<a href=\"/x\">'</script>",
        "<title>1 < 2 <a href=\"/x\"></title><a href=\"/x\">|<title>1 < 2 <a href=\"/x\"></title><a href=\"/p/x\">",
        "1 < 2 <a href=\"/x\">|1 < 2 <a href=\"/p/x\">",
        "<<a href=\"/x\">|<<a href=\"/p/x\">",
        "<div href=\"/x\">|<div href=\"/x\">",
        "<a href>x</a>|<a href>x</a>",
        "<a href=\"/x|<a href=\"/x",
        "<a =\"/x\" href=/y>|<a =\"/x\" href=/p/y>",
        "text only|text only"
      })
  void linksAreFoundHoweverThePageIsCut(String page, String expected) {
    for (int size = 1; size <= page.length(); size++) {
      assertThat(rewrite(page, size)).as("in pieces of " + size).isEqualTo(expected);
    }
  }

  @Test
  void bytesThatAreNoAsciiStayAsTheyAre() {
    byte[] all = new byte[256];
    for (int i = 0; i < 256; i++) {
      all[i] = (byte) i;
    }
    HtmlLinks links = new HtmlLinks(LINKS::rewrite);
    Buffer out = Buffer.buffer().appendBuffer(links.next(Buffer.buffer(all)));

    assertThat(out.appendBuffer(links.end()).getBytes()).isEqualTo(all);
  }

  @Test
  void aTagWithoutEndIsNotHeldForEver() {
    HtmlLinks links = new HtmlLinks(LINKS::rewrite);
    long passed = 0;
    Buffer piece = Buffer.buffer("x".repeat(16 * 1024));
    passed += links.next(Buffer.buffer("<a href=\"")).length();
    for (int i = 0; i < 100; i++) {
      passed += links.next(piece).length();
    }
    assertThat(passed).isGreaterThan(95 * 16 * 1024);
  }

  @Test
  void aCommentWithoutEndIsNotHeldForEver() {
    HtmlLinks links = new HtmlLinks(LINKS::rewrite);
    long passed = links.next(Buffer.buffer("<!-- ")).length();
    Buffer piece = Buffer.buffer("x".repeat(16 * 1024));
    for (int i = 0; i < 100; i++) {
      passed += links.next(piece).length();
    }
    assertThat(passed).isGreaterThan(90 * 16 * 1024);
    assertThat(links.next(Buffer.buffer("--><a href=/x>")).toString()).endsWith("<a href=/p/x>");
  }

  private static String rewrite(String page, int size) {
    HtmlLinks links = new HtmlLinks(LINKS::rewrite);
    Buffer out = Buffer.buffer();
    byte[] bytes = page.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at < bytes.length; at += size) {
      int end = Math.min(bytes.length, at + size);
      out.appendBuffer(links.next(Buffer.buffer().appendBytes(bytes, at, end - at)));
    }
    return out.appendBuffer(links.end()).toString();
  }
}
