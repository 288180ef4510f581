"""Vietnamese templates."""

from hybridbatch.data.sources.cldr.templates.base import Templates

CROSS_REFERENCES = (
    " Xem thêm mục “{other}”.",
    " So sánh với mục “{other}”.",
)

TEMPLATES = {
    "currency": Templates(
        questions=(
            "Ngày nay loại tiền nào là tiền tệ hợp pháp ở “{entity}”?",
            "Người dân ở “{entity}” trả tiền bằng gì?",
            "Giá cả ở “{entity}” được niêm yết bằng đơn vị tiền tệ nào?",
        ),
        passages=(
            "Các cửa hàng và ngân hàng ở “{entity}” giao dịch bằng đồng tiền “{value}”.",
            "Phương tiện thanh toán hợp pháp của “{entity}” có tên là “{value}”.",
            "Ai đi đến “{entity}” cũng sẽ cần đồng tiền “{value}”.",
        ),
    ),
    "currency_since": Templates(
        questions=(
            "“{entity}” có đồng tiền hiện nay từ khi nào?",
            "Loại tiền đang dùng ở “{entity}” được đưa vào sử dụng năm nào?",
            "Phương tiện thanh toán hợp pháp hiện thời của “{entity}” có từ năm nào?",
        ),
        passages=(
            "Đồng tiền lưu hành ở “{entity}” hôm nay có giá trị từ năm {value}.",
            "Chính vào năm {value}, “{entity}” đã chọn phương tiện thanh toán hợp pháp hiện tại.",
            "Đồng tiền đang có hiệu lực ở “{entity}” ra đời từ năm {value}.",
        ),
    ),
    "former_currency": Templates(
        questions=(
            "“{entity}” đã bỏ đồng tiền nào để dùng đồng tiền hiện nay?",
            "Trước lần đổi tiền gần nhất, người dân ở “{entity}” trả tiền bằng gì?",
            "Phương tiện thanh toán hợp pháp trước đây của “{entity}” tên là gì?",
        ),
        passages=(
            "Giá cả ở “{entity}” trước kia được tính bằng “{value}”, nay không còn dùng ở đó nữa.",
            "Cho đến khi bị thay thế, “{value}” từng là tiền của “{entity}”.",
            "Đồng tiền “{value}” đã thuộc về quá khứ ở “{entity}”.",
        ),
    ),
    "official_language": Templates(
        questions=(
            "Ngôn ngữ chính thức của “{entity}” là gì?",
            "Nhà nước công bố luật bằng ngôn ngữ nào ở “{entity}”?",
            "Chính quyền “{entity}” sử dụng ngôn ngữ nào?",
        ),
        passages=(
            "Các cơ quan công quyền ở “{entity}” làm việc bằng ngôn ngữ “{value}”.",
            "Ngôn ngữ “{value}” có địa vị chính thức ở “{entity}”.",
            "Ngôn ngữ nhà nước ở “{entity}” là “{value}”.",
        ),
    ),
    "spoken_language": Templates(
        questions=(
            "Phần đông người dân ở “{entity}” biết ngôn ngữ nào?",
            "Ngôn ngữ phổ biến nhất ở “{entity}” là gì?",
            "Ngôn ngữ nào có nhiều người nói nhất ở “{entity}”?",
        ),
        passages=(
            "Ở “{entity}”, số cư dân biết ngôn ngữ “{value}” nhiều hơn bất kỳ ngôn ngữ nào khác.",
            "Xét theo tỷ lệ dân số, “{value}” đứng đầu ở “{entity}”.",
            "Bằng ngôn ngữ “{value}”, ta có thể giao tiếp với nhiều người nhất ở “{entity}”.",
        ),
    ),
    "first_day": Templates(
        questions=(
            "Tuần lễ ở “{entity}” bắt đầu vào ngày nào?",
            "Ngày nào đứng đầu trong các tờ lịch ở “{entity}”?",
            "Ngày nào được coi là ngày đầu tuần ở “{entity}”?",
        ),
        passages=(
            "Ở “{entity}”, một tuần khởi đầu vào {value}.",
            "Lịch in ở “{entity}” để {value} ở cột đầu tiên.",
            "Tuần mới ở “{entity}” mở ra với {value}.",
        ),
    ),
    "alpha3": Templates(
        questions=(
            "Mã quốc gia gồm ba chữ cái của “{entity}” là gì?",
            "“{entity}” có chữ viết tắt ba ký tự nào theo ISO 3166?",
            "Trong các danh sách quốc tế, “{entity}” được viết tắt thành ba chữ cái nào?",
        ),
        passages=(
            "Trong tiêu chuẩn ISO 3166, {value} đại diện cho “{entity}”.",
            "Các số liệu thống kê quốc tế rút gọn “{entity}” thành các chữ {value}.",
            "Chữ viết tắt {value} chỉ “{entity}”.",
        ),
    ),
    "local_name": Templates(
        questions=(
            "Những người sống ở đó gọi “{entity}” là gì?",
            "Trong ngôn ngữ địa phương, “{entity}” có tên là gì?",
            "Cư dân “{entity}” viết tên xứ sở của mình như thế nào?",
        ),
        passages=(
            "Ở quê nhà, “{entity}” mang tên “{value}”.",
            "Cư dân “{entity}” viết “{value}” trên bản đồ của chính họ.",
            "Nơi mà nước ngoài gọi là “{entity}” thì với người sống ở đó là “{value}”.",
        ),
    ),
    "time_zone": Templates(
        questions=(
            "“{entity}” nằm trong múi giờ nào?",
            "Đồng hồ ở “{entity}” chỉ giờ chuẩn nào?",
            "Người dân ở “{entity}” chỉnh đồng hồ theo giờ nào?",
        ),
        passages=(
            "Đồng hồ trên khắp “{entity}” chạy theo múi “{value}”.",
            "Giờ chuẩn có hiệu lực ở “{entity}” được gọi là “{value}”.",
            "Về giờ giấc, “{entity}” tuân theo “{value}”.",
        ),
    ),
    "city_territory": Templates(
        questions=(
            "Địa danh “{entity}” ở quốc gia hay vùng lãnh thổ nào?",
            "Địa danh mang tên “{entity}” ở đâu trên thế giới?",
            "Địa danh “{entity}” thuộc quốc gia hay vùng lãnh thổ nào?",
        ),
        passages=(
            "Có thể tìm thấy địa danh “{entity}” trên bản đồ của “{value}”.",
            "Những ai đi tới địa danh “{entity}” sẽ đến “{value}”.",
            "Địa danh “{entity}” nằm trong biên giới của “{value}”.",
        ),
    ),
    "city_zone": Templates(
        questions=(
            "Múi giờ nào được dùng ở địa danh “{entity}”?",
            "Giờ chuẩn của địa danh “{entity}” được gọi là gì?",
            "Đồng hồ ở địa danh “{entity}” được chỉnh theo giờ nào?",
        ),
        passages=(
            "Đồng hồ ở địa danh “{entity}” chạy theo “{value}”.",
            "Địa danh “{entity}” thuộc múi “{value}”.",
            "Ai đến địa danh “{entity}” cũng đặt lại đồng hồ theo “{value}”.",
        ),
    ),
    "currency_code": Templates(
        questions=(
            "Mã ISO của đồng tiền “{entity}” là gì?",
            "Ba chữ cái nào chỉ đồng tiền “{entity}” trên bảng đổi tiền?",
            "Ngân hàng viết tắt đồng tiền “{entity}” như thế nào?",
        ),
        passages=(
            "Các ngân hàng ghi {value} khi nói đến đồng tiền “{entity}”.",
            "Trên thị trường ngoại hối, “{entity}” được giao dịch dưới các chữ {value}.",
            "Tiêu chuẩn ISO 4217 liệt kê “{entity}” là {value}.",
        ),
    ),
    "script": Templates(
        questions=(
            "Ngôn ngữ “{entity}” được viết bằng hệ chữ nào?",
            "Người viết ngôn ngữ “{entity}” dùng ký tự nào?",
            "Ngôn ngữ “{entity}” có hệ thống chữ viết nào?",
        ),
        passages=(
            "Văn bản bằng ngôn ngữ “{entity}” thường được in bằng hệ chữ “{value}”.",
            "Hệ chữ thông dụng của ngôn ngữ “{entity}” có tên là “{value}”.",
            "Ai học viết ngôn ngữ “{entity}” đều học hệ chữ “{value}”.",
        ),
    ),
    "language_territory": Templates(
        questions=(
            "Ngôn ngữ “{entity}” có quê hương ở nước nào?",
            "Ngôn ngữ “{entity}” xưa nay được nói ở đâu?",
            "Ngôn ngữ “{entity}” gắn liền với nước nào?",
        ),
        passages=(
            "Bên cạnh ngôn ngữ chính của đất nước, “{entity}” cũng có chỗ đứng ở “{value}”.",
            "Có thể gặp người nói ngôn ngữ “{entity}” trong dân chúng “{value}”.",
            "Quê hương truyền thống của ngôn ngữ “{entity}” là “{value}”.",
        ),
    ),
    "own_name": Templates(
        questions=(
            "Người nói ngôn ngữ “{entity}” tự gọi nó là gì?",
            "Ngôn ngữ “{entity}” có tên gì bằng chính từ ngữ của nó?",
            "Những người nói ngôn ngữ “{entity}” biết đến nó dưới tên nào?",
        ),
        passages=(
            "Chính người bản ngữ nói “{value}” khi nhắc đến ngôn ngữ “{entity}”.",
            "Ngôn ngữ “{entity}” tự gọi mình là “{value}”.",
            "Theo chính tả riêng của nó, ngôn ngữ “{entity}” viết là “{value}”.",
        ),
    ),
    "script_territory": Templates(
        questions=(
            "Hệ chữ “{entity}” gắn liền với nước nào?",
            "Hệ chữ “{entity}” đang hoặc từng được dùng chủ yếu ở đâu?",
            "Muốn tìm văn bản viết bằng hệ chữ “{entity}” thì tìm ở nước nào?",
        ),
        passages=(
            "Văn bản viết bằng hệ chữ “{entity}” phần lớn đến từ vùng đất nay là “{value}”.",
            "Hệ chữ “{entity}” có quê hương ở “{value}”.",
            "Ai nghiên cứu hệ chữ “{entity}” nên đến thăm “{value}”.",
        ),
    ),
}
