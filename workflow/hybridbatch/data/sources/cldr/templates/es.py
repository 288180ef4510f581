"""Spanish templates."""

from hybridbatch.data.sources.cldr.templates.base import Templates

CROSS_REFERENCES = (
    " Véase también la entrada «{other}».",
    " Compárese con la entrada «{other}».",
)

TEMPLATES = {
    "currency": Templates(
        questions=(
            "¿Qué dinero es hoy de curso legal en «{entity}»?",
            "¿Con qué paga la gente en «{entity}»?",
            "¿En qué moneda se indican los precios en «{entity}»?",
        ),
        passages=(
            "Las tiendas y los bancos de «{entity}» operan con la moneda «{value}».",
            "La moneda de curso legal en «{entity}» se llama «{value}».",
            "Quien viaje a «{entity}» necesitará la moneda «{value}».",
        ),
    ),
    "currency_since": Templates(
        questions=(
            "¿Desde cuándo tiene «{entity}» su moneda actual?",
            "¿En qué año se introdujo el dinero que ahora se usa en «{entity}»?",
            "¿De qué año data la moneda de curso legal que hay ahora en «{entity}»?",
        ),
        passages=(
            "El dinero que se usa hoy en «{entity}» es válido desde {value}.",
            "Fue en {value} cuando «{entity}» adoptó su actual medio de pago legal.",
            "La moneda vigente en «{entity}» data del año {value}.",
        ),
    ),
    "former_currency": Templates(
        questions=(
            "¿Qué moneda abandonó «{entity}» por la que tiene ahora?",
            "¿Con qué se pagaba en «{entity}» antes del último cambio de moneda?",
            "¿Cómo se llamaba el anterior medio de pago legal de «{entity}»?",
        ),
        passages=(
            "Los precios en «{entity}» se daban antes en «{value}», que allí ya no se usa.",
            "Hasta que fue sustituida, la moneda «{value}» fue el dinero de «{entity}».",
            "La moneda «{value}» es cosa del pasado en «{entity}».",
        ),
    ),
    "official_language": Templates(
        questions=(
            "¿Cuál es la lengua oficial de «{entity}»?",
            "¿En qué idioma publica el Estado sus leyes en «{entity}»?",
            "¿Qué idioma emplean las autoridades de «{entity}»?",
        ),
        passages=(
            "Las oficinas públicas de «{entity}» trabajan en el idioma «{value}».",
            "El idioma «{value}» tiene carácter oficial en «{entity}».",
            "La lengua del Estado en «{entity}» es el idioma «{value}».",
        ),
    ),
    "spoken_language": Templates(
        questions=(
            "¿Qué idioma sabe la mayor parte de la gente en «{entity}»?",
            "¿Cuál es el idioma más extendido en «{entity}»?",
            "¿Qué idioma tiene más hablantes en «{entity}»?",
        ),
        passages=(
            "En «{entity}» hay más habitantes que saben el idioma «{value}» que cualquier otro.",
            "Por su porcentaje de población, «{value}» es el primer idioma en «{entity}».",
            "Con el idioma «{value}» se llega a la mayor parte de la gente en «{entity}».",
        ),
    ),
    "first_day": Templates(
        questions=(
            "¿En qué día comienza la semana en «{entity}»?",
            "¿Qué día figura primero en los calendarios de «{entity}»?",
            "¿Cuál se considera el primer día de la semana en «{entity}»?",
        ),
        passages=(
            "En «{entity}» la semana empieza el {value}.",
            "Los calendarios impresos en «{entity}» llevan el {value} en la primera columna.",
            "Cada nueva semana en «{entity}» arranca con el {value}.",
        ),
    ),
    "alpha3": Templates(
        questions=(
            "¿Cuál es el código de país de tres letras de «{entity}»?",
            "¿Qué abreviatura ISO 3166 de tres letras tiene «{entity}»?",
            "¿Cómo se abrevia «{entity}» con tres letras en las listas internacionales?",
        ),
        passages=(
            "En la norma ISO 3166, {value} representa a «{entity}».",
            "Las estadísticas internacionales reducen «{entity}» a las letras {value}.",
            "La abreviatura {value} designa a «{entity}».",
        ),
    ),
    "local_name": Templates(
        questions=(
            "¿Cómo llaman a «{entity}» quienes viven allí?",
            "¿Cómo se dice «{entity}» en la lengua local?",
            "¿Cómo escriben los habitantes de «{entity}» el nombre de su tierra?",
        ),
        passages=(
            "En casa, «{entity}» recibe el nombre de «{value}».",
            "Los habitantes de «{entity}» escriben «{value}» en sus propios mapas.",
            "Lo que en el extranjero es «{entity}» es «{value}» para quienes viven allí.",
        ),
    ),
    "time_zone": Templates(
        questions=(
            "¿En qué huso horario está «{entity}»?",
            "¿Qué hora estándar marcan los relojes en «{entity}»?",
            "¿Por qué hora ajusta la gente sus relojes en «{entity}»?",
        ),
        passages=(
            "Los relojes de todo el país «{entity}» siguen la zona «{value}».",
            "La hora estándar vigente en «{entity}» se llama «{value}».",
            "En cuestión de horas, «{entity}» se atiene a «{value}».",
        ),
    ),
    "city_territory": Templates(
        questions=(
            "¿En qué país o territorio está el lugar «{entity}»?",
            "¿En qué parte del mundo se encuentra el lugar llamado «{entity}»?",
            "¿A qué país o territorio pertenece el lugar «{entity}»?",
        ),
        passages=(
            "El lugar «{entity}» aparece en el mapa de «{value}».",
            "Quienes viajan al lugar «{entity}» llegan a «{value}».",
            "El lugar «{entity}» queda dentro de las fronteras de «{value}».",
        ),
    ),
    "city_zone": Templates(
        questions=(
            "¿Qué zona horaria se usa en el lugar «{entity}»?",
            "¿Cómo se llama la hora estándar del lugar «{entity}»?",
            "¿Por qué hora se rigen los relojes en el lugar «{entity}»?",
        ),
        passages=(
            "Los relojes del lugar «{entity}» funcionan con «{value}».",
            "El lugar «{entity}» pertenece a la zona «{value}».",
            "Quienes llegan al lugar «{entity}» ponen el reloj según «{value}».",
        ),
    ),
    "currency_code": Templates(
        questions=(
            "¿Cuál es el código ISO de la moneda «{entity}»?",
            "¿Qué tres letras representan la moneda «{entity}» en las casas de cambio?",
            "¿Cómo abrevian los bancos la moneda «{entity}»?",
        ),
        passages=(
            "Los bancos escriben {value} cuando se refieren a la moneda «{entity}».",
            "En el mercado de divisas, «{entity}» se negocia con las letras {value}.",
            "La norma ISO 4217 registra «{entity}» como {value}.",
        ),
    ),
    "script": Templates(
        questions=(
            "¿Con qué escritura se escribe el idioma «{entity}»?",
            "¿Qué caracteres usan quienes escriben en el idioma «{entity}»?",
            "¿Qué sistema de escritura tiene el idioma «{entity}»?",
        ),
        passages=(
            "Los textos en el idioma «{entity}» suelen imprimirse con la escritura «{value}».",
            "La escritura habitual del idioma «{entity}» se llama «{value}».",
            "Quienes aprenden a escribir el idioma «{entity}» aprenden la escritura «{value}».",
        ),
    ),
    "language_territory": Templates(
        questions=(
            "¿De qué país es propio el idioma «{entity}»?",
            "¿Dónde se ha hablado tradicionalmente el idioma «{entity}»?",
            "¿Con qué país se asocia el idioma «{entity}»?",
        ),
        passages=(
            "Además de la lengua principal del país, «{entity}» tiene su lugar en «{value}».",
            "Hay hablantes del idioma «{entity}» entre la gente de «{value}».",
            "La tierra tradicional del idioma «{entity}» es «{value}».",
        ),
    ),
    "own_name": Templates(
        questions=(
            "¿Cómo llaman al idioma «{entity}» sus propios hablantes?",
            "¿Cómo se llama el idioma «{entity}» en sus propias palabras?",
            "¿Con qué nombre conocen el idioma «{entity}» quienes lo hablan?",
        ),
        passages=(
            "Sus propios hablantes dicen «{value}» cuando se refieren al idioma «{entity}».",
            "El idioma «{entity}» se llama a sí mismo «{value}».",
            "En su propia grafía, el idioma «{entity}» es «{value}».",
        ),
    ),
    "script_territory": Templates(
        questions=(
            "¿Con qué país se asocia la escritura «{entity}»?",
            "¿Dónde se usa o se usaba sobre todo la escritura «{entity}»?",
            "¿En qué país se buscarían textos en la escritura «{entity}»?",
        ),
        passages=(
            "Los textos en la escritura «{entity}» proceden sobre todo de lo que hoy es «{value}».",
            "La escritura «{entity}» tiene su cuna en «{value}».",
            "Quien estudie la escritura «{entity}» debería visitar «{value}».",
        ),
    ),
}
