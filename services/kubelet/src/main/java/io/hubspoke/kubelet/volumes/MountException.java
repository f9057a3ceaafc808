package io.hubspoke.kubelet.volumes;

/** Says why a volume can't be made ready now; tried again later. */
public final class MountException extends Exception {
  public MountException(String message) {
    super(message, null, false, false);
  }
}
