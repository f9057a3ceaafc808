package io.hubspoke.apiserver.resources;

import java.math.BigDecimal;
import java.util.Optional;

/** Reads resource quantities, such as {@code 100m} and {@code 64Mi}. */
final class Quantity {
  private static final int MAX_LENGTH = 64;

  private Quantity() {}

  /** Returns the value, or nothing when it is malformed. */
  static Optional<BigDecimal> parse(String text) {
    int end = text.length();
    while (end > 0 && !isNumeric(text.charAt(end - 1))) {
      end--;
    }
    if (end == 0 || text.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    BigDecimal factor =
        switch (text.substring(end)) {
          case "" -> BigDecimal.ONE;
          case "n" -> BigDecimal.ONE.movePointLeft(9);
          case "u" -> BigDecimal.ONE.movePointLeft(6);
          case "m" -> BigDecimal.ONE.movePointLeft(3);
          case "k" -> BigDecimal.ONE.movePointRight(3);
          case "M" -> BigDecimal.ONE.movePointRight(6);
          case "G" -> BigDecimal.ONE.movePointRight(9);
          case "T" -> BigDecimal.ONE.movePointRight(12);
          case "P" -> BigDecimal.ONE.movePointRight(15);
          case "E" -> BigDecimal.ONE.movePointRight(18);
          case "Ki" -> binary(1);
          case "Mi" -> binary(2);
          case "Gi" -> binary(3);
          case "Ti" -> binary(4);
          case "Pi" -> binary(5);
          case "Ei" -> binary(6);
          default -> null;
        };
    if (factor == null) {
      return Optional.empty();
    }
    try {
      BigDecimal number = new BigDecimal(text.substring(0, end));
      // A decimal exponent far outside the range would make comparisons costly.
      return Math.abs((long) number.scale()) > 100
          ? Optional.empty()
          : Optional.of(number.multiply(factor));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static boolean isNumeric(char c) {
    return (c >= '0' && c <= '9') || c == '.';
  }

  private static BigDecimal binary(int power) {
    return BigDecimal.valueOf(1024).pow(power);
  }
}
