package io.hubspoke.controllermanager.garbagecollection;

/** A reference names a type that nobody serves: perhaps it comes yet. */
final class UnknownTypeException extends RuntimeException {
  private static final long serialVersionUID = 1;

  UnknownTypeException(String apiVersion, String kind) {
    super("no type " + apiVersion + " " + kind + " is served", null, false, false);
  }
}
