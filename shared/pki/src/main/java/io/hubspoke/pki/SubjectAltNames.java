package io.hubspoke.pki;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;

/** The names that a certificate is valid for besides its subject (RFC 5280 section 4.2.1.6). */
public record SubjectAltNames(
    List<String> dnsNames, List<InetAddress> ipAddresses, List<String> uris, List<String> emails) {
  public static final SubjectAltNames NONE =
      new SubjectAltNames(List.of(), List.of(), List.of(), List.of());

  public SubjectAltNames {
    dnsNames = List.copyOf(dnsNames);
    ipAddresses = List.copyOf(ipAddresses);
    uris = List.copyOf(uris);
    emails = List.copyOf(emails);
  }

  /** Sorts literals into IP addresses and DNS names. */
  public static SubjectAltNames of(String... names) {
    return of(List.of(names));
  }

  /** Sorts literals into IP addresses and DNS names. */
  public static SubjectAltNames of(List<String> names) {
    var dns = new ArrayList<String>();
    var ips = new ArrayList<InetAddress>();
    for (var name : names) {
      if (isIpLiteral(name)) {
        ips.add(InetAddress.ofLiteral(name));
      } else {
        dns.add(name);
      }
    }
    return new SubjectAltNames(dns, ips, List.of(), List.of());
  }

  public boolean isEmpty() {
    return dnsNames.isEmpty() && ipAddresses.isEmpty() && uris.isEmpty() && emails.isEmpty();
  }

  private static boolean isIpLiteral(String name) {
    if (name.indexOf(':') >= 0) {
      return true;
    }
    return !name.isEmpty()
        && name.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'))
        && name.chars().filter(c -> c == '.').count() == 3;
  }

  GeneralNames toGeneralNames() {
    var names = new ArrayList<GeneralName>();
    dnsNames.forEach(name -> names.add(new GeneralName(GeneralName.dNSName, name)));
    ipAddresses.forEach(
        ip ->
            names.add(new GeneralName(GeneralName.iPAddress, new DEROctetString(ip.getAddress()))));
    uris.forEach(uri -> names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri)));
    emails.forEach(email -> names.add(new GeneralName(GeneralName.rfc822Name, email)));
    return new GeneralNames(names.toArray(GeneralName[]::new));
  }

  /**
   * Reads the names of an extension.
   *
   * @throws IllegalArgumentException when it holds a kind of name that no signer of Kubernetes
   *     knows: skipping one would sign a request that was not understood
   */
  static SubjectAltNames of(GeneralNames names) {
    var dns = new ArrayList<String>();
    var ips = new ArrayList<InetAddress>();
    var uris = new ArrayList<String>();
    var emails = new ArrayList<String>();
    for (var name : names.getNames()) {
      switch (name.getTagNo()) {
        case GeneralName.dNSName -> dns.add(ASN1IA5String.getInstance(name.getName()).getString());
        case GeneralName.iPAddress ->
            ips.add(address(ASN1OctetString.getInstance(name.getName()).getOctets()));
        case GeneralName.uniformResourceIdentifier ->
            uris.add(ASN1IA5String.getInstance(name.getName()).getString());
        case GeneralName.rfc822Name ->
            emails.add(ASN1IA5String.getInstance(name.getName()).getString());
        default ->
            throw new IllegalArgumentException(
                "unsupported subject alternative name of kind " + name.getTagNo());
      }
    }
    return new SubjectAltNames(dns, ips, uris, emails);
  }

  private static InetAddress address(byte[] octets) {
    try {
      return InetAddress.getByAddress(octets);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "an IP address has 4 or 16 octets, not " + octets.length, e);
    }
  }
}
