package io.hubspoke.apiserver.proxy;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Rewrites the links in a page as it streams by. Bytes are taken for characters one by one, which
 * every encoding of HTML allows in which tags are ASCII; whatever is no link passes unchanged.
 */
final class HtmlLinks {
  /** A longer tag passes as it is, so that a page can't make us hold more. */
  private static final int LONGEST_TAG = 64 * 1024;

  /** What attributes of which elements are links (HTML 4, and HTML's own index since). */
  private static final Map<String, Set<String>> LINKS = new HashMap<>();

  /** Elements whose content has no tags but their own end. */
  private static final Set<String> RAW =
      Set.of("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes");

  static {
    Map<String, String> elements =
        Map.of(
            "href", "a area base link",
            "src", "audio embed frame iframe img input script source video",
            "action", "form",
            "formaction", "button input",
            "cite", "blockquote del ins q",
            "longdesc", "frame iframe img",
            "usemap", "img input object",
            "data", "object",
            "background", "body",
            "poster", "video");
    elements.forEach(
        (attribute, names) -> {
          for (String name : names.split(" ", -1)) {
            LINKS.merge(
                name,
                Set.of(attribute),
                (one, other) -> {
                  Set<String> both = new java.util.HashSet<>(one);
                  both.addAll(other);
                  return both;
                });
          }
        });
  }

  private enum State {
    TEXT,
    TAG,
    COMMENT
  }

  private final UnaryOperator<String> rewrite;
  private final StringBuilder held = new StringBuilder();
  private State state = State.TEXT;
  private String raw = "";
  private char quote;

  HtmlLinks(UnaryOperator<String> rewrite) {
    this.rewrite = rewrite;
  }

  /** Takes the next piece, and returns what can go on. */
  Buffer next(Buffer piece) {
    String text = piece.toString(StandardCharsets.ISO_8859_1);
    StringBuilder out = new StringBuilder(text.length() + 128);
    int at = 0;
    while (at < text.length()) {
      at =
          switch (state) {
            case TEXT -> text(text, at, out);
            case TAG -> tag(text, at, out);
            case COMMENT -> comment(text, at, out);
          };
    }
    return Buffer.buffer(out.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Returns what is left, at the page's end. */
  Buffer end() {
    return Buffer.buffer(held.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  private int text(String text, int from, StringBuilder out) {
    int tag = text.indexOf('<', from);
    if (tag < 0) {
      out.append(text, from, text.length());
      return text.length();
    }
    out.append(text, from, tag);
    held.append('<');
    quote = 0;
    state = State.TAG;
    return tag + 1;
  }

  private int tag(String text, int from, StringBuilder out) {
    for (int at = from; at < text.length(); at++) {
      char c = text.charAt(at);
      if (!raw.isEmpty() && !couldEndRaw(c)) {
        // A less-than sign within a script.
        return release(out, at);
      }
      if (c == '<' && held.length() == 1) {
        // The one before was none of a tag.
        return release(out, at);
      }
      held.append(c);
      if (held.length() == 4 && held.toString().equals("<!--")) {
        state = State.COMMENT;
        return at + 1;
      }
      if (held.length() == 2 && !isLetter(c) && c != '/' && c != '!' && c != '?') {
        return release(out, at + 1);
      }
      if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if ((c == '"' || c == '\'') && isValueNext()) {
        quote = c;
      } else if (c == '>') {
        finish(out);
        return at + 1;
      }
      if (held.length() > LONGEST_TAG) {
        return release(out, at + 1);
      }
    }
    return text.length();
  }

  private int comment(String text, int from, StringBuilder out) {
    for (int at = from; at < text.length(); at++) {
      held.append(text.charAt(at));
      int length = held.length();
      if (text.charAt(at) == '>' && length >= 7 && held.substring(length - 3).equals("-->")) {
        return release(out, at + 1);
      }
      if (length > LONGEST_TAG) {
        // What is inside doesn't matter; only its end does.
        out.append(held, 4, length - 2);
        held.delete(4, length - 2);
      }
    }
    return text.length();
  }

  private int release(StringBuilder out, int next) {
    out.append(held);
    held.setLength(0);
    state = State.TEXT;
    return next;
  }

  /** Returns whether what is held and this make a beginning of the end tag that is waited for. */
  private boolean couldEndRaw(char c) {
    String end = "</" + raw;
    int at = held.length();
    return at >= end.length() || Character.toLowerCase(c) == end.charAt(at);
  }

  /** A quote begins a value only behind an equals sign. */
  private boolean isValueNext() {
    for (int at = held.length() - 2; at > 0; at--) {
      char c = held.charAt(at);
      if (!isSpace(c)) {
        return c == '=';
      }
    }
    return false;
  }

  private void finish(StringBuilder out) {
    String tag = held.toString();
    held.setLength(0);
    state = State.TEXT;
    int nameEnd = 1;
    while (nameEnd < tag.length() && "/> \t\r\n\f".indexOf(tag.charAt(nameEnd)) < 0) {
      nameEnd++;
    }
    String name = tag.substring(1, nameEnd).toLowerCase(Locale.ROOT);
    if (!raw.isEmpty()) {
      raw = "";
    } else if (RAW.contains(name)) {
      raw = name;
    }
    Set<String> attributes = LINKS.get(name);
    out.append(attributes == null ? tag : rewritten(tag, nameEnd, attributes));
  }

  private String rewritten(String tag, int from, Set<String> attributes) {
    StringBuilder out = new StringBuilder(tag.length() + 128);
    int copied = 0;
    int at = from;
    while (at < tag.length()) {
      while (at < tag.length() && (isSpace(tag.charAt(at)) || tag.charAt(at) == '/')) {
        at++;
      }
      int name = at;
      while (at < tag.length() && "=/> \t\r\n\f".indexOf(tag.charAt(at)) < 0) {
        at++;
      }
      String attribute = tag.substring(name, at).toLowerCase(Locale.ROOT);
      int equals = skipSpace(tag, at);
      if (equals >= tag.length() || tag.charAt(equals) != '=') {
        at = Math.max(equals, name + 1);
        continue;
      }
      int value = skipSpace(tag, equals + 1);
      int end;
      if (value < tag.length() && (tag.charAt(value) == '"' || tag.charAt(value) == '\'')) {
        end = tag.indexOf(tag.charAt(value), value + 1);
        value++;
      } else {
        end = value;
        while (end < tag.length() && "> \t\r\n\f".indexOf(tag.charAt(end)) < 0) {
          end++;
        }
      }
      if (end < 0) {
        break;
      }
      if (attributes.contains(attribute)) {
        out.append(tag, copied, value).append(rewrite.apply(tag.substring(value, end)));
        copied = end;
      }
      at = end + 1;
    }
    return out.append(tag, copied, tag.length()).toString();
  }

  private static int skipSpace(String text, int from) {
    int at = from;
    while (at < text.length() && isSpace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static boolean isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
  }

  private static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
}
