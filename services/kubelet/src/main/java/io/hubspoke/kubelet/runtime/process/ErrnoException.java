package io.hubspoke.kubelet.runtime.process;

/** A system call failed. The message is the call's name and the system's own words. */
final class ErrnoException extends Exception {
  private static final long serialVersionUID = 1;

  ErrnoException(String call, String text) {
    super(call + ": " + text, null, false, false);
  }
}
