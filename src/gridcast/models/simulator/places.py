"""Countries that can be simulated: cities, climate, heating, cooling and solar generation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """Properties of a country. Shares are of households by default."""

    time_zone: str
    cities: tuple[tuple[str, float, float], ...]  # name, latitude, longitude
    mean_c: float  # annual mean temperature
    season_c: float  # half the distance from the coldest to the warmest month
    day_c: float  # half the distance from dawn to afternoon on a clear day
    cloud: float  # mean cloud cover, 0 to 1
    heating: float  # heated by electricity
    cooling: float  # with air conditioning
    solar: float  # with panels on the roof
    charging: float  # with an electric car charged at home


COUNTRIES: dict[str, Country] = {
    "AU": Country(
        "Australia/Sydney",
        (("Sydney", -33.87, 151.21), ("Newcastle", -32.93, 151.78), ("Wollongong", -34.42, 150.89)),
        *(17.6, 5.5, 4.5, 0.45, 0.45, 0.75, 0.32, 0.06),
    ),
    "BR": Country(
        "America/Sao_Paulo",
        (("São Paulo", -23.55, -46.63), ("Campinas", -22.91, -47.06), ("Santos", -23.96, -46.33)),
        *(19.8, 3.5, 4.0, 0.55, 0.05, 0.35, 0.12, 0.02),
    ),
    "DE": Country(
        "Europe/Berlin",
        (("Munich", 48.14, 11.58), ("Hamburg", 53.55, 9.99), ("Cologne", 50.94, 6.96)),
        *(9.6, 9.5, 3.8, 0.65, 0.12, 0.06, 0.16, 0.10),
    ),
    "ES": Country(
        "Europe/Madrid",
        (("Madrid", 40.42, -3.70), ("Zaragoza", 41.65, -0.89), ("Seville", 37.39, -5.98)),
        *(15.6, 9.6, 5.5, 0.40, 0.20, 0.40, 0.10, 0.04),
    ),
    "FR": Country(
        "Europe/Paris",
        (("Paris", 48.86, 2.35), ("Lyon", 45.76, 4.84), ("Bordeaux", 44.84, -0.58)),
        *(12.2, 8.2, 3.8, 0.60, 0.38, 0.20, 0.06, 0.08),
    ),
    "GB": Country(
        "Europe/London",
        (("Bristol", 51.45, -2.59), ("Leeds", 53.80, -1.55), ("Norwich", 52.63, 1.30)),
        *(10.4, 6.4, 3.2, 0.68, 0.12, 0.03, 0.06, 0.10),
    ),
    "IN": Country(
        "Asia/Kolkata",
        (("Pune", 18.52, 73.86), ("Nagpur", 21.15, 79.09), ("Nashik", 20.00, 73.79)),
        *(26.0, 4.5, 5.0, 0.40, 0.02, 0.40, 0.05, 0.01),
    ),
    "IT": Country(
        "Europe/Rome",
        (("Bologna", 44.49, 11.34), ("Florence", 43.77, 11.26), ("Verona", 45.44, 10.99)),
        *(14.4, 10.2, 4.8, 0.48, 0.10, 0.48, 0.12, 0.04),
    ),
    "JP": Country(
        "Asia/Tokyo",
        (("Nagoya", 35.18, 136.91), ("Shizuoka", 34.98, 138.38), ("Gifu", 35.42, 136.76)),
        *(16.0, 11.3, 4.2, 0.55, 0.45, 0.85, 0.11, 0.03),
    ),
    "KR": Country(
        "Asia/Seoul",
        (("Daejeon", 36.35, 127.38), ("Daegu", 35.87, 128.60), ("Gwangju", 35.16, 126.85)),
        *(13.5, 13.2, 4.8, 0.50, 0.10, 0.80, 0.09, 0.06),
    ),
    "US": Country(
        "America/Chicago",
        (("Austin", 30.27, -97.74), ("Dallas", 32.78, -96.80), ("Waco", 31.55, -97.15)),
        *(19.6, 10.2, 6.0, 0.45, 0.45, 0.92, 0.08, 0.07),
    ),
}
