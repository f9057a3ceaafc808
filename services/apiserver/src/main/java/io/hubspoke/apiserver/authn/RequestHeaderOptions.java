package io.hubspoke.apiserver.authn;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * How a front proxy says for whom it forwards a request; each component has the name of its flag.
 *
 * @param clientCaFile {@code --requestheader-client-ca-file}; null to believe no proxy
 * @param allowedNames {@code --requestheader-allowed-names}: common names of the proxies'
 *     certificates; empty for any that the authority has signed
 */
public record RequestHeaderOptions(
    Path clientCaFile,
    List<String> allowedNames,
    List<String> usernameHeaders,
    List<String> uidHeaders,
    List<String> groupHeaders,
    List<String> extraHeaderPrefixes) {
  /** No proxy is believed; the headers are those that are taken out of requests in any case. */
  public static final RequestHeaderOptions NONE =
      new RequestHeaderOptions(
          null,
          List.of(),
          List.of("X-Remote-User"),
          List.of("X-Remote-Uid"),
          List.of("X-Remote-Group"),
          List.of("X-Remote-Extra-"));

  public RequestHeaderOptions {
    allowedNames = List.copyOf(allowedNames);
    usernameHeaders = List.copyOf(usernameHeaders);
    uidHeaders = List.copyOf(uidHeaders);
    groupHeaders = List.copyOf(groupHeaders);
    extraHeaderPrefixes =
        extraHeaderPrefixes.stream().map(prefix -> prefix.toLowerCase(Locale.ROOT)).toList();
    if (usernameHeaders.isEmpty() && clientCaFile != null) {
      throw new IllegalArgumentException(
          "--requestheader-username-headers is needed beside --requestheader-client-ca-file");
    }
  }

  /** Believes proxies with these names, with the headers' usual names. */
  public static RequestHeaderOptions of(Path clientCaFile, List<String> allowedNames) {
    return new RequestHeaderOptions(
        clientCaFile,
        allowedNames,
        NONE.usernameHeaders,
        NONE.uidHeaders,
        NONE.groupHeaders,
        NONE.extraHeaderPrefixes);
  }
}
