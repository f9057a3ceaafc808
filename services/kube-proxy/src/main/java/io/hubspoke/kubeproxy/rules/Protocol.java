package io.hubspoke.kubeproxy.rules;

/** The protocols that services forward. */
public enum Protocol {
  TCP,
  UDP,
  SCTP
}
